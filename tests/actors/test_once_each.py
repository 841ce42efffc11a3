"""What a request says twice, or too much of, becomes a fact that rows can take: a commit that
breaks a rule of the schema would end the process."""

from actors.decisions import Accepted, Moment
from actors.post.decide import decide as decide_post
from actors.post.messages import EditPost
from actors.post.state import PostState
from actors.user.decide import decide as decide_user
from actors.user.messages import NewMedium, Publish
from actors.user.state import UserState
from storage.facts import PostEdited, PostPublished, Tag, Text
from storage.ids import IdClock, user_key

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
