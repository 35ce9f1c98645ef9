"""A partition's figures are those of this moment only when all was read and the brokers still answer."""

from streams.live.observed import Reading
from streams.runtime.reading import (
    ANSWER_SECONDS,
    CURRENT_SECONDS,
    SETTLE_SECONDS,
    STANDSTILL_SECONDS,
    Answer,
    HeldBackWatch,
    ReadingWatch,
)

LOOK = 0.25


def answer(end: int, *, age: float = 0.0, read_to: int | None = None, handed_to: int | None = None) -> Answer:
    """The brokers' last word, by default with everything handed out."""
    return Answer(age, end, end if read_to is None else read_to, handed_to)


def test_nothing_is_current_before_the_brokers_have_spoken() -> None:
    assert ReadingWatch(0.0).look(LOOK, None, 0) is Reading.UNANSWERED


def test_who_takes_over_shows_an_old_checkpoint_until_it_has_read_to_the_end() -> None:
    watch = ReadingWatch(0.0)
    assert watch.look(1.0, answer(100, read_to=40), 40) is Reading.BEHIND
    assert watch.look(1.25, answer(120, read_to=90), 90) is Reading.BEHIND
    assert watch.look(1.5, answer(130, read_to=100), 100) is Reading.CURRENT, "what came since is under way"


def test_a_word_from_before_the_take_over_does_not_count() -> None:
    watch = ReadingWatch(10.0)
    assert watch.look(10.1, answer(40, age=0.2), 40) is Reading.BEHIND
    assert watch.look(10.3, answer(40, age=0.2), 40) is Reading.CURRENT


def test_under_load_there_is_always_something_to_read() -> None:
    watch = ReadingWatch(0.0)
    found = [watch.look(LOOK * i, answer(100 * i, read_to=100 * i - 50), 100 * i - 60) for i in range(1, 40)]
    assert found[0] is Reading.BEHIND
    assert set(found[2:]) == {Reading.CURRENT}


def test_who_stood_still_shows_old_figures_until_it_has_asked_again() -> None:
    watch = ReadingWatch(0.0)
    assert watch.look(1.0, answer(100), 100) is Reading.CURRENT
    woken = 1.0 + STANDSTILL_SECONDS + LOOK
    assert watch.look(woken, answer(100, age=STANDSTILL_SECONDS), 100) is Reading.BEHIND
    assert watch.look(woken + LOOK, answer(140, read_to=100), 100) is Reading.BEHIND
    assert watch.look(woken + 2 * LOOK, answer(140), 140) is Reading.CURRENT


def test_when_no_broker_answers_nothing_is_current_until_one_does() -> None:
    watch = ReadingWatch(0.0)
    assert watch.look(1.0, answer(100), 100) is Reading.CURRENT
    for now in (1.25, 2.25, 3.0):
        assert watch.look(now, answer(100, age=now - 1.0), 100) is Reading.CURRENT
    assert watch.look(3.25, answer(100, age=ANSWER_SECONDS + LOOK), 100) is Reading.UNANSWERED
    assert watch.look(3.5, answer(130, read_to=100), 100) is Reading.BEHIND
    assert watch.look(3.75, answer(130), 130) is Reading.CURRENT


def test_a_client_that_asks_for_no_more_because_it_has_enough_to_do_is_behind() -> None:
    watch = ReadingWatch(0.0)
    assert watch.look(1.0, answer(100), 100) is Reading.CURRENT
    assert watch.look(2.0, answer(900, age=0.5, read_to=400), 200) is Reading.CURRENT
    assert watch.look(3.0, answer(900, age=ANSWER_SECONDS + LOOK, read_to=400), 300) is Reading.BEHIND


def test_a_partition_that_ends_with_the_marker_of_a_transaction_is_read_to_its_end() -> None:
    """The client passes over it, and no record comes for it; but a record on its way looks alike for a moment."""
    watch = ReadingWatch(0.0)
    assert watch.look(1.0, answer(101, read_to=101, handed_to=60), 40) is Reading.BEHIND
    assert watch.look(1.25, answer(101, read_to=101, handed_to=100), 60) is Reading.BEHIND
    settled = 1.5
    assert watch.look(settled, answer(101, read_to=101, handed_to=100), 100) is Reading.BEHIND
    assert watch.look(settled + SETTLE_SECONDS, answer(101, read_to=101, handed_to=100), 100) is Reading.CURRENT


def test_a_checkpoint_before_the_marker_of_a_transaction_is_all_there_is() -> None:
    """Nothing was handed over since the take-over."""
    watch = ReadingWatch(0.0)
    assert watch.look(1.0, answer(101), 100) is Reading.BEHIND
    assert watch.look(1.0 + SETTLE_SECONDS, answer(101), 100) is Reading.CURRENT


def test_who_gets_more_than_it_can_count_is_behind_until_it_has_caught_up() -> None:
    """Brokers answer all the time; what was there three seconds ago is counted now, so nothing is of this moment."""
    watch, late = ReadingWatch(0.0), 12
    assert watch.look(LOOK, answer(0), 0) is Reading.CURRENT
    looks = range(2, 60)
    shown = []
    for i in looks:
        said = answer(100 * i, read_to=100 * i - 50, handed_to=100 * i - 50)
        if watch.look(LOOK * i, said, 100 * max(0, i - late)) is Reading.CURRENT:
            shown.append(i)
    assert shown == [i for i in looks if LOOK * (i - 1) <= CURRENT_SECONDS]
    assert watch.look(LOOK * 60, answer(6_000, handed_to=6_000), 4_800) is Reading.BEHIND
    assert watch.look(LOOK * 61, answer(6_000, handed_to=6_000), 6_000) is Reading.CURRENT


def test_the_age_of_figures_is_that_of_the_moment_of_which_everything_is_counted() -> None:
    """In whole milliseconds; 0 as long as there is none."""
    watch = ReadingWatch(0.0)
    watch.look(LOOK, answer(100), 40)
    assert watch.age_ms(LOOK) == 0
    watch.look(1.0, answer(100, age=0.0496), 100)
    assert watch.age_ms(1.0) == 50
    watch.look(1.25, answer(180, age=0.01), 150)
    assert watch.age_ms(1.25) == 300, "what is under way was not there yet"
    watch.look(1.5, answer(190, age=0.01), 180)
    assert watch.age_ms(1.5) == 260


def test_markers_of_transactions_make_nothing_older() -> None:
    """They may stay all that is left for hours."""
    watch = ReadingWatch(0.0)
    for i in range(1, 100):
        found = watch.look(LOOK * i, answer(101, read_to=101, handed_to=100), 100)
    assert found is Reading.CURRENT
    assert watch.age_ms(LOOK * 99) == 0


def test_what_waits_behind_a_transaction_is_as_old_as_the_transaction_has_stood_still() -> None:
    watch = HeldBackWatch()
    assert watch.look(1.0, None) == 0
    assert watch.look(2.0, Answer(0.0, 10, 10, 10, 10)) == 0
    assert watch.look(3.0, Answer(0.0, 10, 10, 10, 12)) == 0
    assert watch.look(8.0, Answer(0.0, 10, 10, 10, 20)) == 5
    assert watch.look(9.0, None) == 6
    assert watch.look(10.0, Answer(0.0, 15, 15, 15, 20)) == 0  # it ended, and another one has begun
    assert watch.look(12.0, Answer(0.0, 20, 20, 20, 20)) == 0
