"""Two matchers, audits, thresholds or mask conditions compared, paired by person."""
