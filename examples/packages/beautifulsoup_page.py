"""beautifulsoup4, soupsieve: a page with faults is read, searched and changed."""

from bs4 import BeautifulSoup

PAGE = """<html><head><title>Ports</title></head><body>
<ul id=ports><li class="north">Kiel<li class="north big">Hamburg</li><li>Nice &amp; more</ul>
<a href="/one">1</a><a href="https://example.org/?a=1&b=2">2</a><p>unclosed <b>bold"""


def main():
    soup = BeautifulSoup(PAGE, "html.parser")
    assert soup.title.string == "Ports"
    assert [li.find(string=True).strip() for li in soup.select("ul#ports li.north")] == ["Kiel", "Hamburg"]
    assert soup.select_one("li.big").get_text() == "Hamburg"
    assert [a["href"] for a in soup.find_all("a")] == ["/one", "https://example.org/?a=1&b=2"]
    assert soup.p.b.get_text() == "bold"
    soup.title.string = "Harbors <new>"
    soup.select_one("a[href='/one']").decompose()
    assert "<title>Harbors &lt;new&gt;</title>" in str(soup) and len(soup.find_all("a")) == 1
    print("beautifulsoup4:", soup.title, len(soup.find_all(True)), "elements")


main()
