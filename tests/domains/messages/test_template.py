"""Templates: what is wrong with them, with its place; and what they become."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from regulars.domains.messages.model import Rendered, TemplateFailed, TemplateInvalid
from regulars.domains.messages.policy import liquid, template
from regulars.shared.errors import Fault

AT = datetime(2026, 3, 1, tzinfo=UTC)


def column(content: str) -> str:
    return f"<mjml>\n<mj-body>\n<mj-section><mj-column>{content}</mj-column></mj-section>\n</mj-body>\n</mjml>"


def faults(**changes: Any) -> list[Fault]:
    values = {
        "slug": "sale",
        "name": "Sale",
        "purpose": "marketing",
        "topic": "newsletter",
        "subject": "Hello",
        "body": column("<mj-text>Hi</mj-text>"),
        "text": None,
    }
    try:
        template.check(**{**values, **changes})
    except TemplateInvalid as error:
        return list(error.faults)
    return []


def filled(body: str, *, text: str | None = None, subject: str = "Hello", **context: object) -> Rendered:
    return template.render(template.check_content(subject=subject, body=body, text=text), context)


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        ("<mj-txt>a</mj-txt>", "line 3, column 24", "did you mean <mj-text>?"),
        ("<mj-text>a", "line 3, column 34", "expected </mj-text>"),
        ("<mj-section></mj-section>", "line 3, column 24", "cannot stand in <mj-column>; expected <mj-accordion>"),
        ("plain words", "line 3, column 24", "put it into <mj-text>"),
        ("<mj-text>1 < 2</mj-text>", "line 3, column 35", "&lt;"),
        ("<mj-text title=a>x</mj-text>", "line 3, column 33", 'title="…"'),
        ("<mj-text><script>x</script></mj-text>", "line 3, column 33", "<script> is cut out"),
        ('<mj-text><b onclick="x()">x</b></mj-text>', "line 3, column 36", "onclick is cut out"),
        ("<mj-text><p {{ x }}>a</p></mj-text>", "line 3, column 33", "only inside an attribute's value"),
        ("<mj-text>{% if a %}x</mj-text>{% endif %}", "line 3, column 54", "same element as its {% if a %}"),
        ("<mj-accordion>{{ x }}</mj-accordion>", "line 3, column 38", "cannot stand directly in <mj-accordion>"),
        ("<mj-text>{% if a %}x</mj-text>", "", "endif"),
        ("<mj-text>{{ a | shout }}</mj-text>", "line 3, column 40", "no filter 'shout'"),
        ("<mj-text>{% include 'x' %}</mj-text>", "line 3, column 36", "include"),
        ("<mj-text>{% frobnicate %}</mj-text>", "line 3, column 36", "frobnicate"),
        ("<mj-text>{{ a </mj-text>", "line 3, column 33", "'}}'"),
        ('<mj-include path="/etc/passwd" />', "line 3, column 24", "a template is whole"),
        ("<mj-text>\x07</mj-text>", "line 3, column 33", "control character"),
    ],
)
def test_a_fault_says_where_it_is_and_what_was_expected(content: str, place: str, words: str) -> None:
    found = faults(body=column(content))
    assert found
    assert {fault.pointer for fault in found} == {"/body"}
    assert any(place in fault.detail and words in fault.detail for fault in found), found


@pytest.mark.parametrize("body", ["", "hello", "<html><body>x</body></html>", "<mjml></mjml>", "<mjml><mj-body>"])
def test_what_is_no_mjml_is_refused(body: str) -> None:
    assert [fault.pointer for fault in faults(body=body)][:1] == ["/body"]


def test_liquid_that_the_compiler_would_lose_is_refused() -> None:
    body = '<mjml><mj-body><mj-section><mj-column width="{{ w }}"></mj-column></mj-section></mj-body></mjml>'
    (fault,) = faults(body=body)
    assert "{{ w }} cannot stand here" in fault.detail


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = faults(slug="No Slug", name=" ", purpose="spam", topic="a b", subject="{{ x", body="", text="{% y %}")
    assert {fault.pointer for fault in found} == {
        "/slug", "/name", "/purpose", "/topic", "/subject", "/body", "/text",
    }  # fmt: skip


def test_liquid_around_elements_and_in_attributes_survives_the_compiler() -> None:
    body = column(
        "{% for item in event.items %}<mj-text>{{ item.name }}{% if item.n > 1 %} × {{ item.n }}{% endif %}</mj-text>"
        '<mj-button href="{{ item.url | default: "https://shop.example" }}">See</mj-button>{% endfor %}'
    )
    items = [{"name": "Shoe", "n": 2, "url": "https://shop.example/s?a=1&b=2"}, {"name": "Hat", "n": 1}]
    page = filled(body, event={"items": items}).html
    assert "Shoe × 2" in page
    assert "Hat ×" not in page
    assert 'href="https://shop.example/s?a=1&amp;b=2"' in page
    assert 'href="https://shop.example"' in page


def test_raw_and_comments_stay_what_they_are() -> None:
    body = column("<mj-text>{% raw %}{{ not.this }}{% endraw %}{% comment %}<mj-foo>{% endcomment %}</mj-text>")
    page = filled(body).html
    assert "{{ not.this }}" in page
    assert "mj-foo" not in page


def test_nothing_is_fetched_when_a_mail_is_opened_but_what_its_author_put_in() -> None:
    page = filled(column("<mj-text>Hi</mj-text>")).html
    assert re.findall(r"""(?:src|href)=["']?http[^>]*|@import|url\(""", page) == []


def test_the_text_part_is_derived_from_the_html() -> None:
    body = column('<mj-text>Hello</mj-text><mj-button href="https://shop.example/a">Buy</mj-button>')
    assert template.as_text(filled(body).html) == "Hello\n[Buy](https://shop.example/a)\n"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", "\n"),
        ("<p>One <b>two</b><br>three</p>\n<p>four\n five&nbsp;six</p>", "One two\nthree\n\nfour five six\n"),
        ("<ul><li>a</li><li><p>b</p></li></ul>after", "* a\n* b\n\nafter\n"),
        ("<table><tr><td>Coat</td><td>20</td></tr><tr><td>Hat</td><td>5</td></tr></table>", "Coat 20\nHat 5\n"),
        ('<a href="https://a.example"><img alt="Sale" src="x"></a>', "[Sale](https://a.example)\n"),
        ('<a href="https://a.example">https://a.example</a>', "https://a.example\n"),
        ('<a href="https://a.example"><div>Go</div></a><a name="here">on</a>', "[Go](https://a.example)on\n"),
        ('<div style="DISPLAY: none">no <a href="x">no</a></div><!-- no -->yes<style>no</style>', "yes\n"),
        ("<html><head><title>no</title></head><body>1 &lt; 2 &amp; 3</body></html>", "1 < 2 & 3\n"),
    ],
)
def test_the_words_of_a_page_and_the_addresses_of_its_links_are_its_text(html: str, text: str) -> None:
    assert template.as_text(html) == text


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..1000000) %}x{% endfor %}",
        "{% assign a = 'xx' %}{% for i in (1..60) %}{% assign a = a | append: a %}{% endfor %}",
        "{% assign x = 99 %}{% for i in (1..9999) %}{% assign x = x | times: x %}{% endfor %}",
        "{{ customer.long | replace: 'a', customer.long }}",
        "{{ customer.long | split: '' | join: customer.long }}",
        "{{ 'now' | date: '%999999999Y' }}",
        "{{ (1..100000000) | join: '' }}",
        "{{ (1..30000000) | reverse | first }}",
        "{{ customer.long | split: '' | uniq }}",
        "{% for i in (1..9999) %}{% assign b = customer.long | split: '' | sort %}{% endfor %}",
        "{{ 1 | divided_by: 0 }}",
    ],
)
def test_a_template_that_grows_without_bounds_is_stopped(source: str) -> None:
    with pytest.raises(TemplateFailed):
        liquid.render(source, {"customer": {"long": "a" * 30_000}, "now": AT}, html=True)


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("<", "&lt;"),
        ("&#", "&amp;"),
        ('<b x="', "last quote"),
        ("<!--", "never closed"),
        ("</", "never closed"),
        ("</b>", "does not fit"),
        ("<b>", "nests more than"),
        ("<!x>", "&lt;"),
        ("<![CDATA[", "&lt;"),
        ("{{ a }}", "pieces of Liquid"),
    ],
)
def test_a_template_of_countless_halves_is_refused_at_once(unit: str, words: str) -> None:
    began = time.process_time()
    with pytest.raises(TemplateInvalid) as refused:
        template.check_content(
            subject="s", text=None, body=column(f"<mj-text>{unit * (150_000 // len(unit))}</mj-text>")
        )
    assert any(words in fault.detail for fault in refused.value.faults)
    assert time.process_time() - began < 5


def test_many_whole_elements_are_no_fault() -> None:
    row = '<a href="https://shop.example/?a=1&b=2&c=3">R&D &amp; &nbsp; more</a> '
    assert filled(column(f"<mj-text>{row * 900}</mj-text>")).html.count("<a ") == 900


EVIL = ["<script>x</script>", "&lt;script&gt;", "%3Cscript%3Ex", "PHNjcmlwdD54", "%253Cscript%253E"]
PATHS = ["e", "'' | append: e", "'a' | prepend: e", "'X' | replace: 'X', e", "e | split: ',' | join: ''"]


@pytest.mark.parametrize("name", sorted(liquid.HTML.filters))
def test_no_filter_lets_a_trait_become_markup(name: str) -> None:
    for path in PATHS:
        for evil in EVIL:
            for arguments in ("", ": 'a'", ": e", ": 'a', 'b'", ": '<', e", ": 'X', e", ": 0, 100"):
                for after in ("", " | url_decode", " | upcase | downcase"):
                    source = f"{{{{ {path} | {name}{arguments}{after} }}}}"
                    try:
                        page = liquid.render(source, {"e": evil, "now": AT}, html=True)
                    except TemplateFailed:
                        continue
                    assert "<script" not in page.lower(), source


def test_a_subject_is_one_line_whatever_was_typed_in() -> None:
    evil = "Eve\r\nBcc: x@example.com\u2028\x00end"
    subject = filled(column("<mj-text>a</mj-text>"), subject="Hi {{ name }}", name=evil).subject
    assert subject == "Hi Eve Bcc: x@example.com end"


def test_time_in_a_template_is_the_messages_own() -> None:
    assert (
        liquid.render("{{ 'now' | date: '%Y-%m-%d' }} {{ now | date: '%H' }}", {"now": AT}, html=False)
        == "2026-03-01 00"
    )


def test_names_that_stay_empty_are_named_in_warnings() -> None:
    content = template.check_content(
        subject="Hi {{ custmer.name }}",
        body=column("<mj-text>{{ customer.traits.city }}{{ customer.name }}{{ event.total }}</mj-text>"),
        text="{{ customer.first_name }}",
    )
    context = template.context_of(
        customer_id="cus_1", traits={"name": "Ana Silva"}, email=None, event={}, company_name="Shop",
        unsubscribe_url="https://x.example/u", at=AT,
    )  # fmt: skip
    found = template.warnings(content, context, template.render(content, context))
    assert found == [
        "custmer.name is not known: it stays empty; did you mean customer?",
        "customer.traits.city is not known of this customer: it stays empty.",
        "event.total is not known of this customer: it stays empty.",
    ]


def test_a_customer_is_called_by_what_is_known() -> None:
    def known(**traits: object) -> Any:
        context: Any = template.context_of(
            customer_id="cus_1", traits=traits, email="a@example.com", event={}, company_name="Shop",
            unsubscribe_url="", at=AT,
        )  # fmt: skip
        return context["customer"]

    assert known(firstName="Ana", lastName="Silva")["name"] == "Ana Silva"
    assert known(name="Ana Silva")["first_name"] == "Ana"
    assert known(name=7)["name"] is None
    assert known(city="Lisbon")["city"] == known(city="Lisbon")["traits"]["city"] == "Lisbon"
