"""Models change: workers that check themselves, and listings that are verified again."""
