# Amendments to logging.config: whoever waits for a listener hears of one that could not start.


def _serve(listener):
    try:
        return listener.rcvr(port=listener.port, handler=listener.hdlr, ready=listener.ready, verify=listener.verify)
    except BaseException:
        listener.ready.set()
        raise
