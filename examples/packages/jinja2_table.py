"""jinja2, markupsafe (without its extension): inheritance, macros, filters, escaping; rendered by four threads at once."""

from concurrent.futures import ThreadPoolExecutor

import jinja2

TEMPLATES = {
    "base.html": "<h1>{% block title %}{% endblock %}</h1>{% block body %}{% endblock %}",
    "table.html": """{% extends "base.html" %}
{% macro cell(value) %}<td>{{ value }}</td>{% endmacro %}
{% block title %}{{ title|upper }}{% endblock %}
{% block body %}{% for row in rows %}<tr>{% for value in row %}{{ cell(value) }}{% endfor %}</tr>{% else %}none{% endfor %}{% endblock %}""",
}


def main():
    environment = jinja2.Environment(loader=jinja2.DictLoader(TEMPLATES), autoescape=True)
    template = environment.get_template("table.html")

    def render(number):
        return template.render(title=f"<{number}>", rows=[(number, "&"), (number + 1, "b")])

    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(render, range(200)))
    for number, page in enumerate(pages):
        assert page == (f"<h1>&lt;{number}&gt;</h1><tr><td>{number}</td><td>&amp;</td></tr>"
                        f"<tr><td>{number + 1}</td><td>b</td></tr>"), page
    print("jinja2:", pages[7])


main()
