"""Sound in and out over WebSocket: buffers, formats, and whether what is claimed is heard."""

from __future__ import annotations
