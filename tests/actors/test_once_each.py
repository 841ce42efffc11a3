"""What a request says twice, or too much of, becomes a fact that rows can take: a commit that
breaks a rule of the schema would end the process."""

from actors.decisions import Accepted, Moment
from actors.members import Members
from actors.post.decide import decide as decide_post
from actors.post.fold import fold
from actors.post.messages import EditPost
from actors.post.state import PostState
from actors.user.decide import decide as decide_user
from actors.user.messages import NewMedium, Publish
from actors.user.state import UserState
from storage.facts import PostEdited, PostPublished, Tag, Text
from storage.ids import IdClock, user_key
from storage.notices import notices_of

ANN, BOB, POST = 1, 2, 3

ids = IdClock(100)
ann = UserState(account=ANN, username=Text(10, "ann"))
moment = Moment(at=0, next_id=lambda: ids.next_id(0), reads={user_key(ANN): ann})

TWICE = (Tag(BOB, 0.1, 0.1), Tag(ANN), Tag(BOB, 0.9, 0.9))


def test_nobody_is_tagged_twice_in_a_new_post() -> None:
    picture = NewMedium(4, 3, "file", "thumbnail")
    decision = decide_user(ann, Publish(ANN, None, (picture,), tags=TWICE), moment)
    assert isinstance(decision, Accepted)
    [fact] = decision.facts
    assert isinstance(fact, PostPublished)
    assert [tag.account for tag in fact.tags] == [BOB, ANN]


def test_nobody_is_tagged_twice_by_an_edit_and_no_picture_that_is_not_there_gets_a_text() -> None:
    post = PostState(post=POST, author=ANN, blobs=(Text(1, "file"), Text(2, "thumbnail")))
    edit = EditPost(POST, ANN, ("tags", "alts"), alts=("a cat", "nothing"), tags=TWICE)
    decision = decide_post(post, edit, moment)
    assert isinstance(decision, Accepted)
    [fact] = decision.facts
    assert isinstance(fact, PostEdited)
    assert [tag.account for tag in fact.tags] == [BOB, ANN]
    assert [alt and alt.value for alt in fact.alts] == ["a cat"]


def test_an_edit_tells_only_whom_the_post_has_not_told() -> None:
    cat = 5
    post = PostState(
        post=POST, author=ANN, ever_tagged=Members([BOB]), ever_mentioned=Members([cat])
    )
    edit = EditPost(
        POST, ANN, ("caption", "tags"), "hello", tags=(Tag(BOB), Tag(cat)), mentions=(BOB, cat, 6)
    )
    decision = decide_post(post, edit, moment)
    assert isinstance(decision, Accepted)
    [fact] = decision.facts
    assert isinstance(fact, PostEdited)
    assert [(tag.account, tag.told) for tag in fact.tags] == [(BOB, False), (cat, True)]
    assert fact.mentions == (6,)
    fold(post, 1, fact)
    again = decide_post(post, edit, moment)
    assert isinstance(again, Accepted)
    assert not any(notices_of(again.facts[0]))
