# Amendments to logging.handlers: a file that cannot be opened again, or an address that is not known yet, is no reason to fail.

_reopen_and_emit = WatchedFileHandler.emit
_roll_over = TimedRotatingFileHandler.doRollover
_init_syslog = SysLogHandler.__init__


def _emit_if_open(self, record):
    try:
        self.reopenIfNeeded()
    except Exception:
        return self.handleError(record)
    logging.FileHandler.emit(self, record)


def _roll_over_once(self):
    # A rollover that failed is tried again at the next time, not with each record.
    before = self.rolloverAt
    try:
        _roll_over(self)
    finally:
        if self.rolloverAt == before:
            self.rolloverAt = self.computeRollover(int(time.time()))


def _init_syslog_later(self, *args, **kwargs):
    try:
        _init_syslog(self, *args, **kwargs)
    except socket.gaierror:
        # Looked for again with the next record.
        pass


_emit_if_open.__name__, _emit_if_open.__doc__ = 'emit', _reopen_and_emit.__doc__
_roll_over_once.__name__, _roll_over_once.__doc__ = 'doRollover', _roll_over.__doc__
_init_syslog_later.__wrapped__, _init_syslog_later.__doc__ = _init_syslog, _init_syslog.__doc__
WatchedFileHandler.emit = _emit_if_open
TimedRotatingFileHandler.doRollover = _roll_over_once
SysLogHandler.__init__ = _init_syslog_later
