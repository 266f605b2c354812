"""Plain Python that every area may use: texts, phones, dates, refusals, extension points. No models, no requests."""
