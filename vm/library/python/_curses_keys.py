"""Function keys: their names and numbers, and the terminfo capabilities that say what a terminal sends for them."""

FIRST = 0o401
LAST = 0o777

_BEFORE_F0 = "BREAK:kbrk DOWN:kcud1 UP:kcuu1 LEFT:kcub1 RIGHT:kcuf1 HOME:khome BACKSPACE:kbs"
_AFTER_F63 = (
    "DL:kdl1 IL:kil1 DC:kdch1 IC:kich1 EIC:krmir CLEAR:kclr EOS:ked EOL:kel SF:kind SR:kri NPAGE:knp PPAGE:kpp STAB:khts CTAB:kctab "
    "CATAB:ktbc ENTER:kent SRESET: RESET: PRINT:kprt LL:kll A1:ka1 A3:ka3 B2:kb2 C1:kc1 C3:kc3 BTAB:kcbt BEG:kbeg CANCEL:kcan "
    "CLOSE:kclo COMMAND:kcmd COPY:kcpy CREATE:kcrt END:kend EXIT:kext FIND:kfnd HELP:khlp MARK:kmrk MESSAGE:kmsg MOVE:kmov NEXT:knxt "
    "OPEN:kopn OPTIONS:kopt PREVIOUS:kprv REDO:krdo REFERENCE:kref REFRESH:krfr REPLACE:krpl RESTART:krst RESUME:kres SAVE:ksav "
    "SBEG:kBEG SCANCEL:kCAN SCOMMAND:kCMD SCOPY:kCPY SCREATE:kCRT SDC:kDC SDL:kDL SELECT:kslt SEND:kEND SEOL:kEOL SEXIT:kEXT "
    "SFIND:kFND SHELP:kHLP SHOME:kHOM SIC:kIC SLEFT:kLFT SMESSAGE:kMSG SMOVE:kMOV SNEXT:kNXT SOPTIONS:kOPT SPREVIOUS:kPRV "
    "SPRINT:kPRT SREDO:kRDO SREPLACE:kRPL SRIGHT:kRIT SRSUME:kRES SSAVE:kSAV SSUSPEND:kSPD SUNDO:kUND SUSPEND:kspd UNDO:kund "
    "MOUSE:kmous RESIZE:"
)

# (name without `KEY_`, capability or an empty string), in the order of the numbers.
_KEYS = [
    pair.split(":")
    for pair in [*_BEFORE_F0.split(), *(f"F{n}:kf{n}" for n in range(64)), *_AFTER_F63.split()]
]

NUMBERS = {f"KEY_{name}": number for number, (name, _) in enumerate(_KEYS, FIRST)}
NAMES = {number: name for name, number in NUMBERS.items()}
# Function keys are shown as a call.
NAMES.update((NUMBERS[f"KEY_F{n}"], f"KEY_F({n})") for n in range(64))
CAPABILITIES = {number: capability for number, (_, capability) in enumerate(_KEYS, FIRST) if capability}
