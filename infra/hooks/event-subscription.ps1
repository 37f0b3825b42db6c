# After deploying: subscribes the function `events` to the topic. Event Grid takes a function as its destination only once it is there.
$ErrorActionPreference = 'Stop'
foreach ($name in 'AZURE_RESOURCE_GROUP', 'AZURE_EVENT_TOPIC_NAME', 'AZURE_FUNCTION_APP_NAME', 'AZURE_RUNTIME_STORAGE_NAME', 'AZURE_DEAD_LETTER_CONTAINER_NAME') {
    if (-not [Environment]::GetEnvironmentVariable($name)) { throw "$name is not set: provision first." }
}
$template = Join-Path $PSScriptRoot '../bicep/event-subscription.bicep'

# The platform needs a moment to see the functions of a new package.
for ($attempt = 1; ; $attempt++) {
    az deployment group create --resource-group $env:AZURE_RESOURCE_GROUP --name event-subscription --template-file $template --output none --only-show-errors `
        --parameters "topicName=$env:AZURE_EVENT_TOPIC_NAME" "functionAppName=$env:AZURE_FUNCTION_APP_NAME" `
        "deadLetterAccountName=$env:AZURE_RUNTIME_STORAGE_NAME" "deadLetterContainerName=$env:AZURE_DEAD_LETTER_CONTAINER_NAME"
    if ($LASTEXITCODE -eq 0) { break }
    if ($attempt -ge 5) { throw 'The event subscription could not be made. The app works; events of the topic do not reach it until this hook has run: azd hooks run postdeploy' }
    Start-Sleep -Seconds 30
}
Write-Host 'The function events is subscribed.'
