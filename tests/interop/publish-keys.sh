# SPDX-License-Identifier: LGPL-2.1-or-later
# Whose keys publish uses for an object store: each place that AWS's own tools ask, imitated on loopback. The keys that
# come are real ones of Swift, which checks every signature; those who give them judge what they were asked with.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../swift.sh"
swift_start

# Nothing but what the test sets: Swift's keys are with the places now.
places() {
	bucket "$1"
	export KEY_ID=$AWS_ACCESS_KEY_ID KEY_SECRET=$AWS_SECRET_ACCESS_KEY HOME=$PWD
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_ENDPOINT_URL
	export AWS_ENDPOINT_URL_S3=http://$S3_ADDRESS AWS_EC2_METADATA_DISABLED=true
	: >log
	python3 "$TOP/tests/tools/aws_places.py" log >port & PLACES=$!
	trap 'kill $PLACES; wait $PLACES 2>/dev/null || true' EXIT
	while [ ! -s port ]; do kill -0 $PLACES; sleep 0.05; done
	PLACE=http://127.0.0.1:$(cat port)
	mkdir -p .aws root/usr/bin
	[ -e root/usr/bin/x ] || { echo 'int main(void) { return 0; }' >x.c; gcc -g -Wl,--build-id -o root/usr/bin/x x.c; }
}
publish() { "$PKGNOTE" publish --into=s3://$BUCKET/p "$@"; }
asked() { same "$(cat log)" "$1"; : >log; }

roles() {
	places roles
	export AWS_ENDPOINT_URL_STS=$PLACE/
	printf '[default]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = base\nexternal_id = e x\n[profile long]\nrole_arn=arn:aws:iam::1:role/b\nsource_profile=default\nrole_session_name = ci\n' >.aws/config
	printf '[profile own]\nrole_arn=arn:aws:iam::1:role/own\nsource_profile=own\naws_access_key_id=source\naws_secret_access_key=source+secret/1\n[profile ring]\nrole_arn=arn:x\nsource_profile=gnir\n[profile gnir]\nrole_arn=arn:x\nsource_profile=ring\n' >>.aws/config
	printf '[profile lost]\nrole_arn=arn:x\nsource_profile=nobody\n[profile bare]\nrole_arn=arn:x\n[profile device]\nrole_arn=arn:x\nmfa_serial=d\nsource_profile=base\n[profile wrong]\nrole_arn=arn:aws:iam::1:role/a\nsource_profile=bad\n' >>.aws/config
	printf '[profile env]\nrole_arn=arn:aws:iam::1:role/env\ncredential_source=Environment\n[profile what]\nrole_arn=arn:x\ncredential_source=Moon\n' >>.aws/config
	printf '[base]\naws_access_key_id = source\naws_secret_access_key = source+secret/1\n[bad]\naws_access_key_id = source\naws_secret_access_key = other\n' >.aws/credentials
	status 0 publish --package=x-1-1.x root
	# The one who holds the lock asks for itself.
	same "$(sort -u log)" "200 AssumeRole arn:aws:iam::1:role/a pkgnote e x"; : >log
	AWS_PROFILE=own status 0 publish --list
	asked '200 AssumeRole arn:aws:iam::1:role/own pkgnote'
	AWS_PROFILE=ring status 3 publish --list
	says err 'source_profile leads through more than 5 profiles'
	AWS_PROFILE=lost status 3 publish --list
	says err "profile 'lost': its source_profile 'nobody' has no keys"
	AWS_PROFILE=bare status 3 publish --list
	says err "profile 'bare' has a role_arn, and neither source_profile"
	AWS_PROFILE=device status 3 publish --list
	says err 'mfa_serial.*aws configure export-credentials'
	AWS_PROFILE=what status 3 publish --list
	says err "credential_source 'Moon' gives no keys"
	AWS_PROFILE=wrong status 3 publish --list
	says err '403 AccessDenied'; says_not err 'other'
	: >log
	# Keys in the environment are stronger than any profile.
	AWS_ACCESS_KEY_ID=$KEY_ID AWS_SECRET_ACCESS_KEY=$KEY_SECRET AWS_PROFILE=bare status 0 publish --list
	asked ''
}
check "roles of profiles, from other profiles' keys" roles

web_identities() {
	places web
	export AWS_ENDPOINT_URL_STS=$PLACE/
	printf 'jwt/of+the=job\n' >token
	AWS_ROLE_ARN=arn:aws:iam::1:role/w AWS_WEB_IDENTITY_TOKEN_FILE=$PWD/token AWS_ROLE_SESSION_NAME=job status 0 publish --package=x-1-1.x root
	same "$(sort -u log)" '200 AssumeRoleWithWebIdentity arn:aws:iam::1:role/w job'; : >log
	printf '[profile web]\nrole_arn=arn:aws:iam::1:role/p\nweb_identity_token_file=%s\n' "$PWD/token" >.aws/config
	AWS_PROFILE=web status 0 publish --list
	asked '200 AssumeRoleWithWebIdentity arn:aws:iam::1:role/p pkgnote'
	echo other >token
	AWS_PROFILE=web status 3 publish --list
	says err '403 AccessDenied'
	AWS_WEB_IDENTITY_TOKEN_FILE=$PWD/token status 3 publish --list
	says err 'AWS_ROLE_ARN is not'
	AWS_ROLE_ARN=arn:x AWS_WEB_IDENTITY_TOKEN_FILE=$PWD/no status 3 publish --list
	says err "$PWD/no: No such file"
}
check "web identities, by variables and by a profile" web_identities

sign_on_and_programs() {
	places signon
	export AWS_ENDPOINT_URL_SSO=$PLACE
	mkdir -p .aws/sso/cache
	printf '[profile s]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = a b\n[sso-session corp]\nsso_start_url = https://corp/start\nsso_region = r\n' >.aws/config
	printf '[profile old]\nsso_start_url = https://old/start\nsso_region = r\nsso_account_id = 1\nsso_role_name = a b\n[profile half]\nsso_session = none\n[profile p]\ncredential_process = cat "%s/keys file"\n[profile q]\ncredential_process = false\n[profile r]\ncredential_process = echo {}\n' "$PWD" >>.aws/config
	signed() { printf '{"accessToken": "%s", "expiresAt": "%s"}' "$2" "$3" >".aws/sso/cache/$(printf %s "$1" | sha1sum | cut -d' ' -f1).json"; }
	AWS_PROFILE=s status 3 publish --list
	says err "'corp': not signed in, or no longer: aws sso login"
	signed corp signed-in 2999-01-01T00:00:00Z; signed https://old/start signed-in 2999-01-01T00:00:00Z
	AWS_PROFILE=s status 0 publish --package=x-1-1.x root
	AWS_PROFILE=old status 0 publish --list
	same "$(sort -u log)" '200 sign-on'
	signed corp signed-in 2001-01-01T00:00:00Z
	AWS_PROFILE=s status 3 publish --list
	says err 'aws sso login'
	AWS_PROFILE=half status 3 publish --list
	says err 'single sign-on wants'
	printf '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "%s", "SessionToken": "t"}' "$KEY_ID" "$KEY_SECRET" >'keys file'
	AWS_PROFILE=p status 0 publish --list
	AWS_PROFILE=q status 3 publish --list
	says err "credential_process: 'false' failed"
	AWS_PROFILE=r status 3 publish --list
	says err 'credential_process: no keys in the answer'
}
check "single sign-on, and programs that give keys" sign_on_and_programs

containers_and_machines() {
	places around
	AWS_CONTAINER_CREDENTIALS_FULL_URI=$PLACE/container AWS_CONTAINER_AUTHORIZATION_TOKEN='Bearer c' status 0 publish --package=x-1-1.x root
	same "$(sort -u log)" '200 container'; : >log
	echo 'Bearer c' >token
	AWS_CONTAINER_CREDENTIALS_FULL_URI=$PLACE/container AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$PWD/token status 0 publish --list
	AWS_CONTAINER_CREDENTIALS_FULL_URI=$PLACE/container status 3 publish --list
	says err '/container: 401'
	AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/x status 3 publish --list
	says err 'neither https nor of this machine'
	: >log
	AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=$PLACE/ status 0 publish --list
	asked "$(printf '200 metadata token\n200 metadata role\n200 machine')"
	status 3 publish --list
	says err 'no keys: set AWS_ACCESS_KEY_ID'
	asked ''
	# Keys that expire soon are got anew on the way.
	echo 100 >life
	AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=$PLACE status 0 publish --package=y-1-1.x root
	[ "$(grep -c machine log)" -gt 4 ] || { cat log; fail "not renewed"; }
	status 3 env AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1 "$PKGNOTE" publish --into=s3://$BUCKET/p --list
	says err 'no keys'
}
check "containers and machines; keys that expire are renewed" containers_and_machines
finish
