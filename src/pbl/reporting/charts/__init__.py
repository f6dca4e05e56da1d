"""One function a chart: aggregated rows in, an `alt.Chart` out."""
