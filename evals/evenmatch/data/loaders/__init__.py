"""One file a published benchmark format; each exports `LOADER`."""
