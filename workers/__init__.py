"""The Celery application: tasks, target models, fingerprints. Imports marketplace, never back."""
