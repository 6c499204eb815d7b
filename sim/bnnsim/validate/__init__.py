"""Programs with reference cycle counts: priced, compared, and shown with their errors."""
