# Amendments to configparser: a delimiter that is white space ends the option's name, too.


def _with_delimited_words(template):
    return template.replace(r'(?:\s+(?:(?!{delim})\S)+)*', r'(?:(?:(?!{delim})\s)+(?:(?!{delim})\S)+)*')


RawConfigParser._OPT_TMPL = _with_delimited_words(RawConfigParser._OPT_TMPL)
RawConfigParser._OPT_NV_TMPL = _with_delimited_words(RawConfigParser._OPT_NV_TMPL)
RawConfigParser.OPTCRE = re.compile(RawConfigParser._OPT_TMPL.format(delim='=|:'), re.VERBOSE)
RawConfigParser.OPTCRE_NV = re.compile(RawConfigParser._OPT_NV_TMPL.format(delim='=|:'), re.VERBOSE)
