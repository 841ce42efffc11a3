"""The rules of publishing in an account's name.

Called by `actors.user.decide` for an account that exists. Pure.
"""

from actors.decisions import Accepted, Moment
from actors.user.messages import Person, Publish, PublishedMedium, PublishReply
from actors.user.naming import tagged, told
from actors.user.state import UserState
from storage.facts import Medium, PostPublished


def publish(state: UserState, command: Publish, moment: Moment) -> Accepted[PublishReply]:
    """A post, its pictures and its texts, each with an id of its own, the post's the first."""
    post = moment.next_id()
    media = tuple(
        Medium(
            media=moment.next_id(),
            width=new.width,
            height=new.height,
            file=moment.text(new.file),
            thumbnail=moment.text(new.thumbnail),
            alt=moment.text_or_none(new.alt),
        )
        for new in command.media
    )
    tags = tagged(command.tags, state, moment)
    published = PostPublished(
        author=state.account,
        post=post,
        caption=moment.text_or_none(command.caption),
        media=media,
        location=command.location,
        tags=tags,
        mentions=told(command.mentions, state, state, moment),
    )
    shown = tuple(
        PublishedMedium(medium.media, new.width, new.height, new.file, new.thumbnail, new.alt)
        for medium, new in zip(media, command.media, strict=True)
    )
    username, avatar = state.username, state.avatar
    author = Person(
        state.account,
        "" if username is None else username.value or "",
        None if avatar is None else avatar.value,
    )
    reply = PublishReply(
        post, author, moment.at, command.caption or None, shown, tags, command.location
    )
    return Accepted((published,), reply)
