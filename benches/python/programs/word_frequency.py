"""Words of a generated text counted, grouped and sorted: str, dict and list methods."""

import harness

SYLLABLES = "ba ke li mo nu ra se ti vo zu dra ple sti gron".split()


def text(words):
    state, lines, line = 12345, [], []
    for _ in range(words):
        word = ""
        for _ in range(1 + state % 3):
            state = (state * 1103515245 + 12345) % 2**31
            word += SYLLABLES[state // 65536 % len(SYLLABLES)]
        line.append(word.capitalize() if state % 5 == 0 else word)
        if len(line) == 12:
            lines.append(", ".join(line) + ".")
            line = []
    return "\n".join(lines)


def frequencies(source):
    counts, by_letter, pairs, last = {}, {}, {}, None
    for line in source.splitlines():
        for word in line.lower().replace(",", " ").rstrip(".").split():
            counts[word] = counts.get(word, 0) + 1
            by_letter.setdefault(word[0], set()).add(word)
            if last is not None:
                key = last + " " + word
                if key in pairs:
                    pairs[key] += 1
                else:
                    pairs[key] = 1
            last = word
    top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:5]
    longest = max(counts, key=lambda word: (len(word), word))
    return top, longest, len(pairs), {letter: len(words) for letter, words in sorted(by_letter.items())}


def run(loops):
    source = text(8000)
    for _ in range(loops):
        result = frequencies(source)
    return result


if __name__ == "__main__":
    harness.main(run, 120)
