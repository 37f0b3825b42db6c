#!/bin/sh
# After provisioning: makes the key of MACs in Key Vault when there is none. It is never printed, and an existing one is never touched:
# open gates, votes and grants carry MACs under it.
set -eu
vault=${AZURE_KEY_VAULT_NAME:?provision first}
group=${AZURE_RESOURCE_GROUP:?provision first}
app=${AZURE_FUNCTION_APP_NAME:?provision first}

# Role assignments take some minutes to be known everywhere.
attempt=1
until found=$(az keyvault secret list --vault-name "$vault" --query "[?name=='mac-key'].name" --output tsv --only-show-errors); do
  if [ "$attempt" -ge 20 ]; then
    echo "Key Vault $vault does not answer: is this address allowed (INTERLOCK_ALLOWED_IP_RANGES), are you signed in with az login?" >&2
    exit 1
  fi
  attempt=$((attempt + 1))
  sleep 15
done

if [ -n "$found" ]; then
  echo "mac-key is there."
else
  umask 077
  file=$(mktemp)
  trap 'rm -f "$file"' EXIT
  head -c 32 /dev/urandom | base64 | tr -d '\n' > "$file"
  az keyvault secret set --vault-name "$vault" --name mac-key --file "$file" --encoding utf-8 --output none --only-show-errors
  echo "mac-key made."
fi

# References are resolved at most once a day unless asked for.
id=$(az functionapp show --resource-group "$group" --name "$app" --query id --output tsv --only-show-errors)
az rest --method post --uri "$id/config/configreferences/appsettings/refresh?api-version=2022-03-01" --output none --only-show-errors \
  || echo "The app has not been told to read mac-key again; it does so when its settings change, or within a day." >&2
