"""Everything that can happen, as types: a fact is frozen, small, and carries ids only.

Actors make facts in decisions and fold them; the journal encodes and stores them; the projection
turns them into rows. A fact never holds a text, a name, an address or a secret: it holds a `Text`,
whose id goes into the journal and whose value is a row of `contents` that can be erased.
"""

from storage.facts.accounts import AccountCleared as AccountCleared
from storage.facts.accounts import AccountDeleted as AccountDeleted
from storage.facts.accounts import AvatarChanged as AvatarChanged
from storage.facts.accounts import InviteCreated as InviteCreated
from storage.facts.accounts import InviteUsed as InviteUsed
from storage.facts.accounts import PasswordChanged as PasswordChanged
from storage.facts.accounts import PrivacyChanged as PrivacyChanged
from storage.facts.accounts import ProfileChanged as ProfileChanged
from storage.facts.accounts import Registered as Registered
from storage.facts.accounts import SessionEnded as SessionEnded
from storage.facts.accounts import SessionOpened as SessionOpened
from storage.facts.accounts import SessionRefreshed as SessionRefreshed
from storage.facts.accounts import UsernameChanged as UsernameChanged
from storage.facts.accounts import Verified as Verified
from storage.facts.encoding import FACTS as FACTS
from storage.facts.encoding import UPGRADES as UPGRADES
from storage.facts.encoding import UnknownFact as UnknownFact
from storage.facts.encoding import decode_fact as decode_fact
from storage.facts.encoding import encode_fact as encode_fact
from storage.facts.encoding import with_texts as with_texts
from storage.facts.fact import CONCERNS_MAX as CONCERNS_MAX
from storage.facts.fact import Entry as Entry
from storage.facts.fact import Fact as Fact
from storage.facts.fact import Text as Text
from storage.facts.graph import Blocked as Blocked
from storage.facts.graph import Followed as Followed
from storage.facts.graph import FollowRequested as FollowRequested
from storage.facts.graph import FollowRequestEnded as FollowRequestEnded
from storage.facts.graph import Unblocked as Unblocked
from storage.facts.graph import Unfollowed as Unfollowed
from storage.facts.places import LocationCreated as LocationCreated
from storage.facts.places import NotificationsRead as NotificationsRead
from storage.facts.posts import CommentDeleted as CommentDeleted
from storage.facts.posts import Commented as Commented
from storage.facts.posts import CommentLiked as CommentLiked
from storage.facts.posts import CommentUnliked as CommentUnliked
from storage.facts.posts import Medium as Medium
from storage.facts.posts import PostDeleted as PostDeleted
from storage.facts.posts import PostEdited as PostEdited
from storage.facts.posts import PostLiked as PostLiked
from storage.facts.posts import PostPublished as PostPublished
from storage.facts.posts import PostSaved as PostSaved
from storage.facts.posts import PostUnliked as PostUnliked
from storage.facts.posts import PostUnsaved as PostUnsaved
from storage.facts.posts import Tag as Tag
from storage.facts.stories import StoryEnded as StoryEnded
from storage.facts.stories import StoryPublished as StoryPublished
from storage.facts.stories import StoryViewed as StoryViewed
from storage.facts.stories import StoryViewForgotten as StoryViewForgotten
