# Amendments to concurrent.futures.process: a worker that ends at its task limit is replaced as long as there is work, even if the pool
# was shut down meanwhile; where none can be, the work that is left fails. Each future fails with an exception of its own.

_init_manager = _ExecutorManagerThread.__init__
_terminate_all = _ExecutorManagerThread._terminate_broken
_init_pool = ProcessPoolExecutor.__init__
_adjust_before = ProcessPoolExecutor._adjust_process_count
_force_before = ProcessPoolExecutor._force_shutdown


def _spawn_worker(context, call_queue, result_queue, initializer, initargs, max_tasks_per_child, processes):
    worker = context.Process(target=_process_worker,
                             args=(call_queue, result_queue, initializer, initargs, max_tasks_per_child))
    worker.start()
    processes[worker.pid] = worker


def _init_manager_and_size(self, executor):
    self.max_workers = executor._max_workers
    _init_manager(self, executor)


def _manage(self):
    while self._hand_out() and self._serve_once() and not self._finish_shutdown():
        pass


def _hand_out(self):
    """Gives work to the workers; whether the pool goes on."""
    try:
        self.add_call_item_to_queue()
    except BaseException as error:
        # No thread can be started any more: the interpreter ends.
        self.terminate_broken(format_exception(error))
        return False
    return True


def _serve_once(self):
    """Waits for something to happen and deals with it; whether the pool goes on."""
    result, broken, cause = self.wait_result_broken_or_wakeup()
    if broken:
        self.terminate_broken(cause)
        return False
    if result is None:
        return True
    self.process_result_item(result)
    ended = result.exit_pid
    # It may hold the last reference to what the task returned.
    del result
    if ended is None:
        if executor := self.executor_reference():
            executor._idle_worker_semaphore.release()
    elif (failure := self._replace_worker(ended)) is not None:
        self.terminate_broken(*failure)
        return False
    return True


def _finish_shutdown(self):
    """Ends a pool that is shut down and has nothing more to do; whether it did."""
    if not self.is_shutting_down():
        return False
    self.flag_executor_shutting_down()
    # What was canceled leaves the pending items here.
    going_on = self._hand_out()
    if going_on and self.pending_work_items:
        return False
    if going_on:
        self.join_executor_internals()
    return True


def _replace_worker(self, ended):
    """Starts another worker in place of one that has ended; returns the cause and the message if the pending work cannot be done."""
    self.processes.pop(ended).join()
    with self.shutdown_lock:
        executor, cause, message = self.executor_reference(), None, None
        if executor is None:
            message = 'The pool was garbage collected while work was pending and its last worker had reached its task limit.'
        elif executor._force_shutting_down:
            message = 'The pool was forcefully shut down before this work was begun.'
        elif (self.pending_work_items or not self.is_shutting_down()) and len(self.processes) < self.max_workers:
            try:
                _spawn_worker(executor._mp_context, self.call_queue, self.result_queue, executor._initializer,
                              executor._initargs, self.max_tasks_per_child, self.processes)
            except Exception as error:
                cause = format_exception(error)
                message = 'The last worker had reached its task limit and another could not be started.'
        # As long as there are others, they do the work.
        lost = not self.processes and (self.pending_work_items or cause is not None)
        return (cause, message) if lost else None


def _fail_pending(self, cause, message=None):
    executor = self.executor_reference()
    if executor is not None:
        executor._broken = 'A child process terminated abruptly, the process pool is not usable anymore'
        executor._shutdown_thread = True
    del executor
    if message is None:
        message = 'A process in the process pool was terminated abruptly while the future was running or pending.'
    for item in self.pending_work_items.values():
        error = BrokenProcessPool(message)
        if cause is not None:
            joined = ''.join(cause)
            error.__cause__ = _RemoteTraceback(f"\n'''\n{joined}'''")
        try:
            item.future.set_exception(error)
        except _base.InvalidStateError:
            # Canceled by now.
            pass
        del item, error
    self.pending_work_items.clear()
    _terminate_all(self, cause)


def _terminate_broken(self, cause, message=None):
    with self.shutdown_lock:
        self._terminate_broken(cause, message)


def _init_pool_unforced(self, *args, **kwargs):
    self._force_shutting_down = False
    _init_pool(self, *args, **kwargs)


def _adjust_unless_forced(self):
    if not self._force_shutting_down:
        _adjust_before(self)


def _spawn_process(self):
    _spawn_worker(self._mp_context, self._call_queue, self._result_queue, self._initializer, self._initargs,
                  self._max_tasks_per_child, self._processes)


def _force_shutdown_without_replacements(self, operation):
    if operation in _SHUTDOWN_CALLBACK_OPERATION:
        # Workers are replaced under this lock: none comes to be after the list of those to be ended was made.
        with self._shutdown_lock:
            self._force_shutting_down = True
    _force_before(self, operation)


_init_pool_unforced.__wrapped__ = _init_pool
_force_shutdown_without_replacements.__doc__ = _force_before.__doc__
_ExecutorManagerThread.__init__ = _init_manager_and_size
_ExecutorManagerThread.run = _manage
_ExecutorManagerThread._hand_out = _hand_out
_ExecutorManagerThread._serve_once = _serve_once
_ExecutorManagerThread._finish_shutdown = _finish_shutdown
_ExecutorManagerThread._replace_worker = _replace_worker
_ExecutorManagerThread._terminate_broken = _fail_pending
_ExecutorManagerThread.terminate_broken = _terminate_broken
ProcessPoolExecutor.__init__ = _init_pool_unforced
ProcessPoolExecutor._adjust_process_count = _adjust_unless_forced
ProcessPoolExecutor._spawn_process = _spawn_process
ProcessPoolExecutor._force_shutdown = _force_shutdown_without_replacements
