"""Results become text or JSON: one file a form or a result. stdout is data, stderr is talk."""
