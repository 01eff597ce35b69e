def handle(path):
    for attempt in range(3):
        try:
            with open(path) as f:
                return f.read()
        except OSError as error:
            if attempt:
                break
            log(error)
        finally:
            done()


def group():
    try:
        work()
    except* ValueError as e:
        print(e)
