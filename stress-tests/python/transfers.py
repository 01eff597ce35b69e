"""Money moved between accounts under locks, and numbers under a reader's lock: sums are kept."""

import threading

from harness import collector, run


class Account:
    def __init__(self, number, balance):
        self.number, self.balance, self.history, self.lock = number, balance, [], threading.Lock()


def body(context):
    accounts = [Account(number, 1000) for number in range(20)]
    by_number = {account.number: account for account in accounts}

    def teller(index, rng):
        while context.running():
            first, second = sorted(rng.sample(range(20), 2))
            amount = rng.randrange(-50, 50)
            with by_number[first].lock, by_number[second].lock:
                by_number[first].balance -= amount
                by_number[second].balance += amount
                by_number[first].history.append((index, second, amount))
                if len(by_number[first].history) > 100:
                    by_number[first].history = by_number[first].history[-10:]
            context.done(1)

    def audit(index, rng):
        while context.running():
            for account in accounts:
                account.lock.acquire()
            try:
                context.check(sum(account.balance for account in accounts) == 20_000, "money lost")
            finally:
                for account in accounts:
                    account.lock.release()
            for account in accounts:
                for teller_index, other, amount in account.history:
                    context.check(account.number < other < 20 and -50 <= amount < 50)

    context.spawn(*[teller] * context.threads, audit, collector(context))
    context.check(sum(account.balance for account in accounts) == 20_000)


run(body)
