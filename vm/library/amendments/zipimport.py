# Amendments to zipimport: an archive with names that are not what they say they are is no archive to import from.


def _decode_name(name, archive):
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        raise ZipImportError(f"can't decode file name in Zip file: {archive!r}", path=archive) from error
