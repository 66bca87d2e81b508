from __future__ import annotations

import pytest

from realtime_harness.errors import HarnessError
from realtime_harness.rtc.inside import require_attributes, require_parameters


class Base:
    def __init__(self) -> None:
        self.shared = 1


class Known(Base):
    def __init__(self) -> None:
        super().__init__()
        self.__hidden = 1

    def work(self, loop: object, queue: object) -> object:
        return self.__hidden


def test_what_is_there_is_found():
    require_attributes("works", Known, "__hidden", "shared", "work")
    require_parameters("works", Known.work, "self", "loop")


@pytest.mark.parametrize("name", ["__missing", "missing"])
def test_what_is_missing_is_named(name):
    with pytest.raises(HarnessError, match=r"works in a way we do not know: Known\..*missing"):
        require_attributes("works", Known, "shared", name)


@pytest.mark.parametrize("function", [None, Known.work])
def test_other_parameters_are_refused(function):
    with pytest.raises(HarnessError, match="works in a way we do not know"):
        require_parameters("works", function, "self", "other")
