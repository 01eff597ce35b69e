# What curses keeps of windows, colors and keys, on a terminal of its own: what a screen would look like is asked of the windows.
import curses
import curses.ascii
import curses.panel
import curses.textpad
import os
import pty
import threading


def session(screen, tell):
    curses.noecho()
    tell("size", screen.getmaxyx(), curses.LINES, curses.COLS)
    tell("colors", curses.has_colors(), curses.COLORS)
    window = curses.newwin(6, 20, 2, 3)
    window.border()
    window.addstr(1, 1, "bold", curses.A_BOLD)
    window.addstr(" and plain")
    window.addnstr(2, 1, "shortened", 5)
    tell("text", [window.instr(y, 1, 18) for y in range(1, 4)], window.getyx())
    tell("attributes", hex(window.inch(1, 1)), hex(window.inch(1, 6)), window.inch(0, 0) == curses.ACS_ULCORNER)
    inner = window.derwin(2, 10, 1, 1)
    inner.addstr(1, 0, "below")
    tell("shared", window.instr(2, 1, 9), inner.getparyx(), inner.getbegyx())
    window.insstr(1, 1, ">> ")
    window.delch(1, 2)
    window.move(2, 1)
    window.insertln()
    tell("edited", [window.instr(y, 1, 12) for y in range(1, 4)])
    for place in ((9, 9), (-1, 0)):
        try:
            window.move(*place)
        except curses.error:
            tell("outside", place)
    lines = curses.newwin(3, 10)
    lines.scrollok(True)
    lines.addstr("one\ntwo\nthree\nfour")
    tell("scrolled", [lines.instr(y, 0).strip() for y in range(3)])
    curses.init_pair(1, curses.COLOR_RED, curses.COLOR_BLUE)
    lines.addstr(0, 0, "red", curses.color_pair(1))
    tell("pair", curses.pair_content(1), curses.pair_number(lines.inch(0, 1)))
    pad = curses.newpad(100, 100)
    pad.addstr(90, 80, "far away")
    pad.noutrefresh(90, 80, 0, 0, 2, 10)
    tell("pad", pad.instr(90, 80, 8), pad.getmaxyx())
    panels = [curses.panel.new_panel(curses.newwin(3, 5, n, n)) for n in range(3)]
    panels[0].top()
    panels[1].hide()
    tell("panels", [panel.window().getbegyx() for panel in (curses.panel.bottom_panel(), curses.panel.top_panel())], panels[1].hidden())
    curses.panel.update_panels()
    curses.doupdate()
    for key in reversed(["h", "o", curses.KEY_LEFT, "e", curses.KEY_RIGHT, curses.ascii.BEL]):
        curses.ungetch(key)
    tell("edited by hand", curses.textpad.Textbox(curses.newwin(1, 10), insert_mode=True).edit())
    edges(tell)
    screen.nodelay(True)
    tell("no key", screen.getch(), curses.keyname(curses.KEY_UP), curses.keyname(1), curses.ascii.unctrl("\x01"))


def edges(tell):
    """At the edges: narrow windows, windows in one that shrinks, characters that do not fit."""
    narrow = curses.newwin(3, 1)
    narrow.border()
    tell("narrow", [narrow.instr(y, 0) for y in range(3)])
    outer = curses.newwin(6, 12)
    inner = outer.derwin(3, 5, 2, 5)
    outer.resize(2, 3)
    tell("shrunk", inner.getmaxyx(), inner.getparyx())
    for attempt in (
        lambda: inner.addstr(0, 1, "out"), lambda: curses.newwin(1 << 40, 1), lambda: outer.insch("é"), lambda: outer.move("a", 0),
        lambda: outer.derwin(9, 9, 0, 0), lambda: outer.mvwin(-1, 0), lambda: curses.newpad(2, 2).refresh(), lambda: outer.inch(9, 9),
        lambda: outer.instr(9, 9),
    ):
        try:
            tell("attempt", attempt())
        except (curses.error, OverflowError, TypeError) as error:
            tell("attempt", repr(error))
    inner.refresh()
    row = curses.newwin(2, 7)
    row.insstr(0, 0, "a\tb")
    row.insstr(0, 2, "\x01e\u0301")
    row.insnstr(0, 0, "none", 0)
    tell("inserted", row.instr(0, 0), row.getyx())
    row.bkgd(".", curses.A_BOLD)
    row.addstr(1, 4, "漢")
    tell("background", row.instr(0, 0), row.instr(1, 0), hex(row.inch(1, 0)))
    tell("parameters", curses.tparm(b"%p1%x %p2%p3%m%d", -1, -7, 2), curses.unctrl(200))


reader, writer = os.pipe()
child, terminal = pty.fork()
if child == 0:
    os.close(reader)
    os.environ.update(TERM="xterm", LINES="24", COLUMNS="80")
    with open(writer, "w") as out:
        try:
            curses.wrapper(session, lambda *words: print(*words, file=out))
            print("ended", curses.isendwin(), curses.tparm(curses.tigetstr("cup"), 1, 2), file=out)
        except BaseException as error:
            print("failed", repr(error), file=out)
    os._exit(0)
os.close(writer)


def drain():
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        # The child has ended.
        pass


drainer = threading.Thread(target=drain)
drainer.start()
with open(reader) as told:
    print(told.read(), end="")
drainer.join()
print("status", os.waitpid(child, 0)[1])
