"""A file in memory shares the bytes that it was made of until it is written to."""

import io
import threading

data = b"first\nsecond\nthird\n" * 100
file = io.BytesIO(data)
print(file.getvalue() is data, file.read(5), file.tell(), file.readline(), file.readline())
file.seek(0, 2)
print(file.tell() == len(data))
file.seek(2)
print(file.write(b"XY"), file.getvalue()[:8], data[:8], file.getvalue() is data)

file = io.BytesIO(data)
view = file.getbuffer()
view[0] = ord("F")
print(file.getvalue()[:5], data[:5])
for change in (lambda: file.truncate(3), file.close, lambda: file.seek(0, 2) and file.write(b"more")):
    try:
        change()
    except BufferError as error:
        print("BufferError:", error)
view.release()
file.truncate(3)
print(file.getvalue())
file.close()
file.close()
for use in (file.read, file.getvalue, file.getbuffer, file.tell, file.readline, lambda: file.write(b"")):
    try:
        use()
    except ValueError as error:
        print("ValueError:", error)


class Bytes(bytes):
    pass


file = io.BytesIO(Bytes(b"of a subclass"))
print(type(file.getvalue()).__name__, file.getvalue())
file = io.BytesIO(b"12345")
file.seek(2)
other = io.BytesIO()
other.__setstate__(file.__getstate__())
print(other.read(), other.write(b"6"), other.getvalue(), file.getvalue())
file.__init__(b"anew")
print(file.read())

file = io.BytesIO(data)


def write(byte):
    for index in range(500):
        file.seek(index % 50)
        file.write(byte)
        file.read(3)
        file.readline()
        len(file.getvalue())


threads = [threading.Thread(target=write, args=(byte,)) for byte in (b"p", b"q", b"r")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(file.getvalue()) == len(data), data == b"first\nsecond\nthird\n" * 100)
