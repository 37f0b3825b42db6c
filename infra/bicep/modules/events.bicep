param name string
param location string
param tags object
param deadLetterAccountName string
param deadLetterContainerName string
param appPrincipalId string

// EventGrid Data Sender, Storage Blob Data Contributor
var dataSenderRoleId = 'd5a91429-5739-47e2-a06b-3470a27159e7'
var blobContributorRoleId = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

resource deadLetterAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: deadLetterAccountName
}

resource deadLetterBlobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' existing = {
  parent: deadLetterAccount
  name: 'default'
}

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' existing = {
  parent: deadLetterBlobs
  name: deadLetterContainerName
}

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(topic.id, appPrincipalId, dataSenderRoleId)
  scope: topic
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataSenderRoleId)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource deadLetterWriter 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(deadLetters.id, topic.id, blobContributorRoleId)
  scope: deadLetters
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributorRoleId)
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

output topicId string = topic.id
output name string = topic.name
output endpoint string = topic.properties.endpoint
