"""Stories: rings for a viewer, the stories in them, who has seen one.

Texts and types only; see `storage.readings`.
"""

from storage.readings.lists import relation
from storage.readings.reading import Pairs, Reading, both_ways
from storage.reads import GetRings, GetStories, GetStory, GetStoryViewers
from storage.rows import StoryRow

UNSEEN_BIT = 53
"""Ids have 53 bits: above them is whether a ring is unseen."""

VIEWED = "exists (select 1 from views v where v.story = s.story and v.account = :viewer)"

STORY_OBJECT = f"""json_object(
    'story', s.story, 'author', s.author, 'at', s.at, 'expires_at', s.expires_at,
    'duration', s.duration, 'file', s.file, 'views', s.views_count,
    'viewed', json(iif({VIEWED}, 'true', 'false')))"""


def rings(order: str) -> str:
    """Who has a ring, and where it stands."""
    return f"""
with authors (author) as (
    select followee from follows where follower = :viewer and followee <> :viewer
    union all select :viewer),
rings (number, author) as (
    select max(s.author <> :viewer and not exists (
            select 1 from views v
            where v.story = s.story and v.account = :viewer and v.seq <= :as_of))
            << {UNSEEN_BIT} | max(s.story),
        s.author
    from authors cross join stories s on s.author = authors.author
    where s.expires_at > :now and s.seq <= :as_of group by s.author)
select json_group_array(json_array(number, author) order by number desc) from (
    select * from rings where number > :after and number < :before
    order by number {order} limit :limit)"""


STORIES = f"""
select json_group_array({STORY_OBJECT} order by s.story)
from json_each(:authors) j cross join stories s on s.author = j.value where s.expires_at > :now"""

STORY = f"select {STORY_OBJECT} from stories s where s.story = :story and s.expires_at > :now"

STORY_READINGS = {
    GetRings: both_ways(rings, Pairs),
    GetStories: Reading(STORIES, list[StoryRow]),
    GetStory: Reading(STORY, StoryRow | None),
    GetStoryViewers: relation("views", "story", "account"),
}
