from __future__ import annotations

import pytest

from realtime_fakes.scopes import SCOPE, Scope, for_session, masked, parameters


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope(), True),
        (Scope(key="ek_1"), True),
        (Scope(key="sk-1"), True),
        (Scope(key="sk-2"), False),
        (Scope(session="sess_1"), True),
        (Scope(session="sess_2"), False),
        (Scope(key="sk-1", session="sess_2"), False),
        (Scope(key="sk-1", session="sess_1"), True),
    ],
    ids=str,
)
def test_whom_a_scope_covers(scope, covered):
    assert scope.covers(("ek_1", "sk-1"), "sess_1") is covered


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("key=sk-1", {"key": "sk-1"}),
        ("session=sess_1,key=sk-1", {"session": "sess_1", "key": "sk-1"}),
    ],
)
def test_parameters(text, values):
    assert parameters("behaviour 'rude'", text, SCOPE) == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sk-1", "behaviour 'rude': 'sk-1': write parameter=value"),
        ("kye=sk-secret", "behaviour 'rude': no parameter 'kye'; known: key, session"),
        ("key=", "behaviour 'rude': key has to be a key such as sk-fake, not ''"),
        ("session=", "behaviour 'rude': session has to be the id of a session such as sess_…"),
    ],
)
def test_errors_name_the_switch_and_the_parameter(text, said):
    with pytest.raises(ValueError, match="behaviour") as caught:
        parameters("behaviour 'rude'", text, SCOPE)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("text", "limited"),
    [
        ("rude", "rude:session=sess_1"),
        ("rude:", "rude:session=sess_1"),
        ("close:4001", "close:4001,session=sess_1"),
        ("rude:key=sk-1", "rude:key=sk-1,session=sess_1"),
    ],
)
def test_a_switch_for_a_session(text, limited):
    assert for_session(text, "sess_1") == limited


def test_a_switch_is_for_one_session():
    with pytest.raises(ValueError, match="'rude': leave session= away"):
        for_session("rude:session=sess_2", "sess_1")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rude", "rude"),
        ("rude:key=sk-fake", "rude:key=…e"),
        ("rude:key=sk-0123456789abcdef,session=sess_1", "rude:key=…cdef,session=sess_1"),
        ("drop:2,key=k", "drop:2,key=…"),
    ],
)
def test_keys_are_not_shown(text, shown):
    assert masked(text) == shown
