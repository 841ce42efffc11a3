"""HEIC files: which still picture is in one, how large it is, and a plain file with nothing else in
it.

`server.uploads.decoding` has each HEIC rewritten here before libheif sees it. Pure; decodes no
picture.
"""

from server.uploads.formats.heif.still import Still as Still
from server.uploads.formats.heif.still import is_heif as is_heif
from server.uploads.formats.heif.still import still_of as still_of
