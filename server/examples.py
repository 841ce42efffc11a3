"""An example of every request and answer, for the documentation of the API.

Used by `server.openapi`; a test holds that each type of the route table has one.
"""

from typing import Any

from actors.runtime.asking import Why
from server import requests, wire

AT = "2026-01-08T10:00:00.000Z"
MEDIA = "https://photos.example.org/media/"
CURSOR = "gAFUzLKkkAAAAAAAAAAACAzIMyoPb9-Kc2JpLAHfT4k-"

JOHN = wire.Brief("123", "johndoe", f"{MEDIA}0f0ab06c9fc6d6410519cb843780cb42.jpg")
JANE = wire.Brief("456", "janedoe", None)

POST = wire.PostAnswer(
    post_id="987654321",
    user=JOHN,
    caption="Beautiful sunset! #nature #photography",
    media=[
        wire.MediumAnswer(
            media_id="media_123",
            type="photo",
            url=f"{MEDIA}3990d159b2f0ba3e85b8bfa27981f88f.jpg",
            thumbnail_url=f"{MEDIA}b6efe73229651dc0c820e59c4028bf34.jpg",
            width=1080,
            height=1080,
            alt_text="The sun between two hills",
        )
    ],
    location=wire.LocationAnswer(12345, "Golden Gate Bridge"),
    hashtags=["nature", "photography"],
    user_tags=[wire.TaggedUser("456", "janedoe", 0.5, 0.3)],
    created_at=AT,
    likes_count=1250,
    comments_count=45,
    liked_by_user=False,
    saved_by_user=False,
)

PROFILE = wire.ProfileAnswer(
    user_id="123",
    username="johndoe",
    full_name="John Doe",
    bio="Photographer | Traveler",
    website="https://johndoe.com",
    profile_image_url=JOHN.profile_image_url,
    verified=True,
    private_account=False,
    stats=wire.Stats(10_000, 500, 250),
    following=False,
    followed_by=False,
    requested=False,
)

LISTED = wire.ListedUser("789", "follower1", "Follower One", None, following=False)

COMMENT = wire.CommentAnswer(
    comment_id="comment_123",
    post_id="987654321",
    user=JANE,
    text="Amazing photo! 😍",
    created_at=AT,
    parent_comment_id=None,
    likes_count=0,
    liked_by_user=False,
    replies_count=0,
)

STORY = wire.StoryAnswer(
    story_id="story_456",
    media_url=f"{MEDIA}5e27df0b374160a733c5c649c5b71d2a.jpg",
    media_type="photo",
    duration=5,
    created_at=AT,
    expires_at="2026-01-09T10:00:00.000Z",
    viewed=False,
    views_count=None,
)

RING = wire.RingAnswer(JANE, [STORY], has_unseen=True)

NOTIFICATION = wire.NotificationAnswer(
    notification_id="notif_123",
    type="like",
    actor=JANE,
    post=wire.NotifiedPost("987654321", POST.media[0].thumbnail_url),
    comment_id=None,
    created_at=AT,
    read=False,
)

PLACE = wire.PlaceAnswer(
    12345, "Golden Gate Bridge", "San Francisco", "United States", 37.8199, -122.4783, 500_000
)

EXAMPLES: dict[Any, Any] = {
    requests.RegisterRequest: {"username": "johndoe", "password": "correct horse"},
    requests.LoginRequest: {"username": "johndoe", "password": "correct horse"},
    requests.RefreshRequest: {"refresh_token": "…"},
    requests.PasswordRequest: {"old_password": "correct horse", "new_password": "battery staple"},
    requests.DeleteAccountRequest: {"password": "correct horse"},
    requests.ProfileRequest: {"full_name": "John Doe Jr.", "bio": "Updated bio"},
    requests.EditPostRequest: {"caption": "At last #sunset", "user_tags": [{"user_id": "456"}]},
    requests.CommentRequest: {"text": "Amazing photo! 😍", "parent_comment_id": None},
    requests.LocationRequest: {"name": "Golden Gate Bridge", "lat": 37.8199, "lng": -122.4783},
    requests.ReadRequest: {"up_to": "notif_123"},
    wire.LoginAnswer: wire.LoginAnswer("…", "…", "Bearer", 3_600, JOHN),
    wire.MessageAnswer: wire.MessageAnswer("Logged out"),
    wire.SessionsAnswer: wire.SessionsAnswer(
        [wire.SessionAnswer("374713123614720", AT, AT, "Mozilla/5.0", current=True)]
    ),
    wire.EndedSessionAnswer: wire.EndedSessionAnswer("Session ended", "374713123614720"),
    wire.PostAnswer: POST,
    wire.PostsPage: wire.PostsPage([POST], CURSOR, CURSOR, has_more=True),
    wire.DeletedPostAnswer: wire.DeletedPostAnswer("Post deleted successfully", "987654321"),
    wire.LikeAnswer: wire.LikeAnswer(liked=True, likes_count=1251),
    wire.SaveAnswer: wire.SaveAnswer(saved=True, post_id="987654321"),
    Why: Why(in_feed=True, how="pushed", reason="followed"),
    wire.CommentAnswer: COMMENT,
    wire.CommentsPage: wire.CommentsPage([COMMENT], None, CURSOR, has_more=False),
    wire.DeletedCommentAnswer: wire.DeletedCommentAnswer("Comment deleted", "comment_123"),
    wire.ProfileAnswer: PROFILE,
    wire.UserAnswer: wire.UserAnswer(PROFILE),
    wire.UsersPage: wire.UsersPage([LISTED], CURSOR, CURSOR, has_more=True),
    wire.RelationshipsAnswer: wire.RelationshipsAnswer(
        [wire.Relationship("456", True, False, False, False)]
    ),
    wire.DeletedAccountAnswer: wire.DeletedAccountAnswer("Account deleted", "123"),
    wire.FollowAnswer: wire.FollowAnswer(following=True, requested=False, user=JANE),
    wire.FollowerAnswer: wire.FollowerAnswer(followed_by=False, user=JANE),
    wire.RequestAnswer: wire.RequestAnswer(approved=True, user=JANE),
    wire.BlockAnswer: wire.BlockAnswer(blocking=True, user=JANE),
    wire.NewStoryAnswer: wire.NewStoryAnswer(
        "story_123", "123", STORY.media_url, "photo", 5, AT, STORY.expires_at
    ),
    wire.RingAnswer: RING,
    wire.RingsPage: wire.RingsPage([RING], None, CURSOR, has_more=False),
    wire.ViewAnswer: wire.ViewAnswer("story_123", viewed=True, views_count=1250),
    wire.DeletedStoryAnswer: wire.DeletedStoryAnswer("Story deleted", "story_123"),
    wire.NotificationsPage: wire.NotificationsPage(
        [NOTIFICATION], CURSOR, CURSOR, has_more=True, unread_count=5
    ),
    wire.ReadAnswer: wire.ReadAnswer(unread_count=0),
    wire.FoundUsersAnswer: wire.FoundUsersAnswer(
        [wire.FoundUser("123", "johndoe", "John Doe", None, True, 10_000)], total_count=150
    ),
    wire.FoundHashtagsAnswer: wire.FoundHashtagsAnswer(
        [wire.FoundHashtag("photography", 1_500_000, trending=True)]
    ),
    wire.FoundPlacesAnswer: wire.FoundPlacesAnswer([PLACE]),
    wire.PlaceAnswer: PLACE,
    wire.InstanceAnswer: wire.InstanceAnswer(
        name="Triptych",
        version="0.1.0",
        registration="open",
        registration_open=True,
        limits=wire.Limits(2200, 1000, 1500, 10, 8_388_608, 20, 30, 64, 150, 500, 8),
    ),
    wire.HealthAnswer: wire.HealthAnswer("ok"),
}
"""By the type of the request or answer. A request's is as JSON has it."""
