"""The container image a run takes place in. A process cannot learn it by itself: the launcher hands it in."""

from __future__ import annotations

import os
from collections.abc import Mapping

from expkit.records.provenance import Image

REFERENCE_VARIABLE = "EXPKIT_IMAGE_REFERENCE"
ID_VARIABLE = "EXPKIT_IMAGE_ID"
DIGEST_VARIABLE = "EXPKIT_IMAGE_DIGEST"


def read_image(environment: Mapping[str, str] = os.environ) -> Image:
    """The image as the launcher named it in the environment; all None on a bare host. An empty variable is none."""
    return Image(
        reference=environment.get(REFERENCE_VARIABLE) or None,
        id=environment.get(ID_VARIABLE) or None,
        digest=environment.get(DIGEST_VARIABLE) or None,
    )
