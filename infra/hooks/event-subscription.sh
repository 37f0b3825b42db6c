#!/bin/sh
# After deploying: subscribes the function `events` to the topic. Event Grid takes a function as its destination only once it is there.
set -eu
group=${AZURE_RESOURCE_GROUP:?provision first}
template=$(dirname "$0")/../bicep/event-subscription.bicep

# The platform needs a moment to see the functions of a new package.
attempt=1
until az deployment group create --resource-group "$group" --name event-subscription --template-file "$template" --output none --only-show-errors \
  --parameters topicName="${AZURE_EVENT_TOPIC_NAME:?}" functionAppName="${AZURE_FUNCTION_APP_NAME:?}" \
  deadLetterAccountName="${AZURE_RUNTIME_STORAGE_NAME:?}" deadLetterContainerName="${AZURE_DEAD_LETTER_CONTAINER_NAME:?}"; do
  if [ "$attempt" -ge 5 ]; then
    echo "The event subscription could not be made. The app works; events of the topic do not reach it until this hook has run: azd hooks run postdeploy" >&2
    exit 1
  fi
  attempt=$((attempt + 1))
  sleep 30
done
echo "The function events is subscribed."
