"""A bank: threads move money between accounts, each account has its lock, and no money may be lost.

Both accounts of a transfer are locked in the order of their numbers, so no two transfers can wait for
each other. An auditor locks all accounts now and then and compares the sum with what the bank started with.
"""

import argparse
import random
import sys
import threading
import time


class InsufficientFunds(Exception):
    pass


class Account:
    def __init__(self, number, balance):
        self.number = number
        self.balance = balance
        self.transfers = 0
        self.lock = threading.Lock()

    def withdraw(self, amount):
        if amount > self.balance:
            raise InsufficientFunds(self.number)
        self.balance -= amount

    def deposit(self, amount):
        self.balance += amount


class Bank:
    def __init__(self, accounts, balance):
        self.accounts = [Account(number, balance) for number in range(accounts)]
        self.expected = accounts * balance

    def transfer(self, source, target, amount):
        first, second = (source, target) if source.number < target.number else (target, source)
        with first.lock, second.lock:
            source.withdraw(amount)
            target.deposit(amount)
            source.transfers += 1

    def audit(self):
        """The sum of all balances at one moment."""
        for account in self.accounts:
            account.lock.acquire()
        try:
            return sum(account.balance for account in self.accounts)
        finally:
            for account in self.accounts:
                account.lock.release()


def teller(bank, seed, transfers, refusals):
    # Each teller's sequence depends on its seed alone; who is refused depends on the others.
    rng = random.Random(seed)
    refused = 0
    for _ in range(transfers):
        source, target = rng.sample(bank.accounts, 2)
        try:
            bank.transfer(source, target, rng.randint(1, 100))
        except InsufficientFunds:
            refused += 1
    refusals[seed] = refused


def auditor(bank, closed, problems):
    while not closed.wait(0.01):
        total = bank.audit()
        if total != bank.expected:
            problems.append(total)


def main():
    parser = argparse.ArgumentParser(description="Transfer money between accounts on several threads.")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="number of tellers (default: 1)")
    parser.add_argument("--accounts", type=int, default=100, metavar="N", help="number of accounts (default: 100)")
    parser.add_argument("--transfers", type=int, default=800_000, metavar="N",
                        help="transfers of all tellers together (default: 800000)")
    args = parser.parse_args()
    if args.threads < 1 or args.accounts < 2:
        parser.error("at least 1 thread and 2 accounts are needed")

    bank = Bank(args.accounts, 1000)
    share, rest = divmod(args.transfers, args.threads)
    refusals = [0] * args.threads
    closed, problems = threading.Event(), []

    begin = time.perf_counter()
    watch = threading.Thread(target=auditor, args=(bank, closed, problems))
    watch.start()
    tellers = [threading.Thread(target=teller, args=(bank, seed, share + (seed < rest), refusals))
               for seed in range(args.threads)]
    for thread in tellers:
        thread.start()
    for thread in tellers:
        thread.join()
    closed.set()
    watch.join()
    elapsed = time.perf_counter() - begin

    done = sum(account.transfers for account in bank.accounts) + sum(refusals)
    lowest = min(account.balance for account in bank.accounts)
    print(f"{done} transfers tried, {bank.audit()} in {len(bank.accounts)} accounts, expected {bank.expected}")
    healthy = done == args.transfers and bank.audit() == bank.expected and lowest >= 0 and not problems
    print("books balance" if healthy else f"BOOKS DO NOT BALANCE: {problems[:5]}")
    print(f"time: {elapsed:.3f} s with {args.threads} thread(s)")
    if not healthy:
        sys.exit(1)


if __name__ == "__main__":
    main()
