"""A simulated operating system in the manner of Richards: tasks, packets, queues, polymorphic methods."""

import harness

IDLE, WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B = range(6)
WORK, DEVICE = "work", "device"


class Packet:
    __slots__ = ("next", "owner", "kind", "datum", "data")

    def __init__(self, owner, kind):
        self.next, self.owner, self.kind = None, owner, kind
        self.datum, self.data = 0, [0] * 4


def append(packet, queue):
    packet.next = None
    if queue is None:
        return packet
    last = queue
    while last.next is not None:
        last = last.next
    last.next = packet
    return queue


class Task:
    def __init__(self, system, number, priority, queue=None):
        self.system, self.number, self.priority, self.queue = system, number, priority, queue
        self.held = self.waiting = False
        system.add(self)

    def runnable(self):
        return not self.held and (self.queue is not None or not self.waiting)

    def take(self):
        packet = self.queue
        if packet is not None:
            self.queue = packet.next
            packet.next = None
        return packet

    def wait(self):
        self.waiting = True
        return self

    def step(self, packet):
        raise NotImplementedError


class Idle(Task):
    def __init__(self, system, turns):
        super().__init__(system, IDLE, 0)
        self.control, self.turns = 1, turns

    def step(self, packet):
        self.turns -= 1
        if self.turns == 0:
            self.held = True
            return self
        if self.control & 1:
            self.control = self.control >> 1 ^ 0xD008
            return self.system.release(DEVICE_B)
        self.control >>= 1
        return self.system.release(DEVICE_A)


class Worker(Task):
    def __init__(self, system, queue):
        super().__init__(system, WORKER, 1000, queue)
        self.target, self.letter = HANDLER_A, 0

    def step(self, packet):
        if packet is None:
            return self.wait()
        self.target = HANDLER_B if self.target == HANDLER_A else HANDLER_A
        packet.owner, packet.datum = self.target, 0
        for i in range(4):
            self.letter = self.letter % 26 + 1
            packet.data[i] = 64 + self.letter
        return self.system.send(packet)


class Handler(Task):
    def __init__(self, system, number, priority, queue):
        super().__init__(system, number, priority, queue)
        self.work = self.devices = None

    def step(self, packet):
        if packet is not None:
            if packet.kind is WORK:
                self.work = append(packet, self.work)
            else:
                self.devices = append(packet, self.devices)
        work = self.work
        if work is None:
            return self.wait()
        if work.datum >= 4:
            self.work = work.next
            return self.system.send(work)
        device = self.devices
        if device is None:
            return self.wait()
        self.devices = device.next
        device.datum = work.data[work.datum]
        work.datum += 1
        return self.system.send(device)


class Device(Task):
    def __init__(self, system, number, priority):
        super().__init__(system, number, priority)
        self.pending = None

    def step(self, packet):
        if packet is None:
            packet, self.pending = self.pending, None
            return self.wait() if packet is None else self.system.send(packet)
        self.pending = packet
        self.held = True
        return self.system.next(self)


class System:
    def __init__(self):
        self.tasks, self.order = {}, []
        self.sent = self.steps = 0

    def add(self, task):
        self.tasks[task.number] = task
        self.order.append(task)
        self.order.sort(key=lambda one: -one.priority)

    def next(self, task):
        return None

    def release(self, number):
        task = self.tasks[number]
        task.held = False
        return task

    def send(self, packet):
        self.sent += 1
        sender = packet.owner
        packet.owner = self.current.number
        task = self.tasks[sender]
        task.waiting = False
        task.queue = append(packet, task.queue)
        return task

    def run(self):
        while True:
            for task in self.order:
                if task.runnable():
                    break
            else:
                return
            self.current = task
            self.steps += 1
            packet = task.take()
            if packet is not None:
                task.waiting = False
            task.step(packet)


def packets(owner, kind, count):
    queue = None
    for _ in range(count):
        queue = append(Packet(owner, kind), queue)
    return queue


def run(loops):
    total = 0
    for _ in range(loops):
        system = System()
        Idle(system, 3000)
        Worker(system, packets(WORKER, WORK, 2))
        Handler(system, HANDLER_A, 2000, packets(DEVICE_A, DEVICE, 3))
        Handler(system, HANDLER_B, 3000, packets(DEVICE_B, DEVICE, 3))
        Device(system, DEVICE_A, 4000)
        Device(system, DEVICE_B, 5000)
        system.run()
        total += system.steps * 1000 + system.sent
    return total


if __name__ == "__main__":
    harness.main(run, 60)
