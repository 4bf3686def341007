"""What of TensorFlow has no public name: where to look when an update of it breaks something."""

from __future__ import annotations
