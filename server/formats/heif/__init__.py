"""HEIC files: which still picture is in one, how large it is, and a plain file with nothing else in
it.

`server.decoding` has each HEIC rewritten here before libheif sees it. Pure; decodes no picture.
"""

from server.formats.heif.still import Still as Still
from server.formats.heif.still import is_heif as is_heif
from server.formats.heif.still import still_of as still_of
