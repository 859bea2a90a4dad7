"""Blobs in any S3-compatible store, through boto3."""

from __future__ import annotations

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from marketplace.gateways.blobs import BlobMissingError, checked

_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
IMMUTABLE = "public, max-age=31536000, immutable"


class S3Blobs:
    """Objects in one bucket; nothing is ever made public by ACL, the site serves them."""

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        endpoint_url: str | None = None,
        region: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = boto3.client(
            "s3",
            endpoint_url=endpoint_url,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(
                connect_timeout=3,
                read_timeout=20,
                retries={"max_attempts": 3, "mode": "standard"},
                # Stores other than AWS's own often answer without the newest checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path" if endpoint_url else "auto"},
            ),
        )

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store one object, private, with its content type."""
        self._client.put_object(
            Bucket=self._bucket,
            Key=self._name(key),
            Body=data,
            ContentType=content_type,
            CacheControl=IMMUTABLE if key.startswith("public/") else "private, no-store",
        )

    def get(self, key: str) -> bytes:
        """Read an object."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._name(key))
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                raise BlobMissingError(key) from None
            raise
        with answer["Body"] as body:
            return bytes(body.read())

    def exists(self, key: str) -> bool:
        """True when the object is there."""
        try:
            self._client.head_object(Bucket=self._bucket, Key=self._name(key))
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return False
            raise
        return True

    def delete(self, key: str) -> None:
        """Remove the object if it is there."""
        self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def answers(self) -> bool:
        """True when the bucket can be reached with these credentials."""
        try:
            self._client.head_bucket(Bucket=self._bucket)
        except (BotoCoreError, ClientError):
            return False
        return True

    def _name(self, key: str) -> str:
        return self._prefix + checked(key)
