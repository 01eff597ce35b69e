"""Sorts written in Python, and the built-in one with keys and tuples."""

import harness


def numbers(count):
    state, made = 42, []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        made.append(state >> 40)
    return made


def quicksort(items, low, high):
    while low < high:
        pivot, left, right = items[(low + high) // 2], low, high
        while left <= right:
            while items[left] < pivot:
                left += 1
            while items[right] > pivot:
                right -= 1
            if left <= right:
                items[left], items[right] = items[right], items[left]
                left += 1
                right -= 1
        quicksort(items, low, right)
        low = left


def heapsort(items):
    def sift(start, end):
        root = start
        while (child := 2 * root + 1) < end:
            if child + 1 < end and items[child] < items[child + 1]:
                child += 1
            if items[root] >= items[child]:
                return
            items[root], items[child] = items[child], items[root]
            root = child

    size = len(items)
    for start in range(size // 2 - 1, -1, -1):
        sift(start, size)
    for end in range(size - 1, 0, -1):
        items[0], items[end] = items[end], items[0]
        sift(0, end)


def mergesort(items):
    if len(items) < 2:
        return items
    middle = len(items) // 2
    left, right, merged = mergesort(items[:middle]), mergesort(items[middle:]), []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            j += 1
    return merged + left[i:] + right[j:]


def run(loops):
    source = numbers(6000)
    expected = sorted(source)
    good = 0
    for _ in range(loops):
        items = source[:]
        quicksort(items, 0, len(items) - 1)
        good += items == expected
        items = source[:]
        heapsort(items)
        good += items == expected
        good += mergesort(source) == expected
        good += [n for _, n in sorted((n % 100, n) for n in source)] == sorted(source, key=lambda n: (n % 100, n))
        good += sorted(map(str, source), key=int) == list(map(str, expected))
    return good


if __name__ == "__main__":
    harness.main(run, 12)
