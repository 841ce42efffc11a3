"""The rules of publishing in an account's name.

Called by `actors.user.decide` for an account that exists. Pure.
"""

from actors.decisions import Accepted, Moment
from actors.user.messages import Person, Publish, PublishedMedium, PublishReply
from actors.user.state import UserState
from storage.facts import Medium, PostPublished, Tag


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
    tags = tags_told(state, command.tags, moment)
    published = PostPublished(
        author=state.account,
        post=post,
        caption=moment.text_or_none(command.caption),
        media=media,
        location=command.location,
        tags=tags,
        mentions=tuple(who for who in command.mentions if told(state, who, moment)),
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


def tags_told(author: UserState, tags: tuple[Tag, ...], moment: Moment) -> tuple[Tag, ...]:
    """Those of `tags` whom no block keeps apart from the author, each with whether they are
    told."""
    return tuple(
        Tag(tag.account, tag.x, tag.y, told(author, tag.account, moment))
        for tag in tags
        if author.meets(tag.account) and tag.account not in moment.gone
    )


def told(author: UserState, account: int, moment: Moment) -> bool:
    """Whether `account` may see what `author` posts, and so hear that it is named there."""
    return author.shows_to(account) and account not in moment.gone
