targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('The azd environment: names the resource group, and every name is derived from it.')
param environmentName string

@description('A region that offers Flex Consumption: az functionapp list-flexconsumption-locations.')
@metadata({ azd: { type: 'location' } })
param location string

@description('The address people and clients use, https://host. Empty: the app\'s default host name.')
param publicOrigin string = ''

@description('Whether guests of the tenant may sign in at the pages, and so approve.')
param allowGuests bool = false

@description('Whether changes of the registry and the policy that widen need a second administrator.')
param fourEyes bool = true

@description('What one principal may have open at once, as runs=200,gates=200,frames=50000. Empty: just that.')
param principalCaps string = ''

@description('When the storage was last restored from a copy or failed over, as 2026-03-01T09:00:00Z: approvals, sessions and tokens from before are void.')
param restoredAt string = ''

@description('Hosts whose private addresses upstream calls may reach, separated by commas.')
param egressHosts string = ''

@description('Whether the vault holds a secret notice-channels: the channels that tell people of approvals, as docs/notifications.md says.')
param noticeChannels bool = false

@description('Makes the three app registrations through Microsoft Graph. false: give the three client ids below.')
param createRegistrations bool = true

@description('With createRegistrations false: the client id of the registration that tokens for /mcp are issued for.')
param mcpClientId string = ''

@description('With createRegistrations false: the client id of the registration that tokens for /api are issued for.')
param apiClientId string = ''

@description('With createRegistrations false: the client id of the registration that people sign in to; empty: nobody signs in at the pages.')
param signInClientId string = ''

@description('Lets the app read people and groups (Directory.Read.All). false: an administrator grants it otherwise; until then nobody signs in or approves.')
param grantDirectoryRead bool = true

@description('Which groups tokens carry. ApplicationGroup: only those assigned to the registration, which keeps tokens small and needs Entra ID P1.')
@allowed(['SecurityGroup', 'ApplicationGroup'])
param groupClaims string = 'SecurityGroup'

@description('Client ids that may call /mcp for a signed-in person without asking for consent, separated by commas.')
param preauthorizedClients string = ''

@description('Platform authentication (Easy Auth): how people sign in at the pages.')
param platformSignIn bool = true

@description('The object id under which events of the topic count. Empty: the app\'s own identity.')
param eventPublisherObjectId string = ''

@description('Storage and Key Vault behind private endpoints, the app in a virtual network.')
param privateNetwork bool = false

@description('With privateNetwork: public IPv4 addresses or ranges that still reach storage and Key Vault, separated by commas; whoever provisions needs one.')
param allowedIpRanges string = ''

@description('The redundancy of both storage accounts.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_GZRS', 'Standard_RAGZRS'])
param storageSku string = 'Standard_ZRS'

@description('For how long an exported audit file can be neither changed nor deleted.')
@minValue(1)
@maxValue(146000)
param auditRetentionDays int = 365

@description('Unlocked can be shortened or switched off by whoever administers the account. Locked can\'t be undone by anyone: a second step, after Unlocked.')
@allowed(['Unlocked', 'Locked'])
param auditRetentionState string = 'Unlocked'

@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances kept warm for HTTP, and as many for runs. 0: everything starts cold.')
@minValue(0)
@maxValue(20)
param alwaysReadyInstances int = 0

@description('Days that logs are kept; the audit does not live there.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Who hears of alerts. Empty: rules fire in the portal only.')
param alertEmail string = ''

var tags = { 'azd-env-name': environmentName }
var token = toLower(uniqueString(subscription().id, environmentName, location))
var functionAppName = 'func-interlock-${token}'
var origin = empty(publicOrigin) ? 'https://${functionAppName}.azurewebsites.net' : publicOrigin
var allowedRanges = filter(map(split(allowedIpRanges, ','), range => trim(range)), range => !empty(range))

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-interlock-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    name: 'interlock-${token}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    publisherPrincipalId: identity.outputs.principalId
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-interlock-${token}'
    location: location
    tags: tags
  }
}

module runtimeStorage 'modules/runtime-storage.bicep' = {
  name: 'runtime-storage'
  scope: group
  params: {
    name: 'strun${token}'
    location: location
    tags: tags
    sku: storageSku
    privateNetwork: privateNetwork
    allowedRanges: allowedRanges
    appPrincipalId: identity.outputs.principalId
  }
}

module auditStorage 'modules/audit-storage.bicep' = {
  name: 'audit-storage'
  scope: group
  params: {
    name: 'staud${token}'
    location: location
    tags: tags
    sku: storageSku
    privateNetwork: privateNetwork
    allowedRanges: allowedRanges
    retentionDays: auditRetentionDays
    retentionState: auditRetentionState
    appPrincipalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    privateNetwork: privateNetwork
    allowedRanges: allowedRanges
    appPrincipalId: identity.outputs.principalId
    deployerPrincipalId: deployer().objectId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module runtimeEndpoints 'modules/private-endpoints.bicep' = if (privateNetwork) {
  name: 'runtime-endpoints'
  scope: group
  params: {
    name: 'pe-run-${token}'
    location: location
    tags: tags
    targetId: runtimeStorage.outputs.accountId
    subnetId: privateNetwork ? network!.outputs.endpointSubnetId : ''
    groups: ['blob', 'queue', 'table']
    zoneIds: privateNetwork ? network!.outputs.zoneIds : {}
  }
}

module auditEndpoints 'modules/private-endpoints.bicep' = if (privateNetwork) {
  name: 'audit-endpoints'
  scope: group
  params: {
    name: 'pe-audit-${token}'
    location: location
    tags: tags
    targetId: auditStorage.outputs.accountId
    subnetId: privateNetwork ? network!.outputs.endpointSubnetId : ''
    groups: ['blob', 'table']
    zoneIds: privateNetwork ? network!.outputs.zoneIds : {}
  }
}

module vaultEndpoints 'modules/private-endpoints.bicep' = if (privateNetwork) {
  name: 'vault-endpoints'
  scope: group
  params: {
    name: 'pe-vault-${token}'
    location: location
    tags: tags
    targetId: vault.outputs.vaultId
    subnetId: privateNetwork ? network!.outputs.endpointSubnetId : ''
    groups: ['vault']
    zoneIds: privateNetwork ? network!.outputs.zoneIds : {}
  }
}

module events 'modules/events.bicep' = {
  name: 'events'
  scope: group
  params: {
    name: 'evgt-interlock-${token}'
    location: location
    tags: tags
    deadLetterAccountName: runtimeStorage.outputs.accountName
    deadLetterContainerName: runtimeStorage.outputs.deadLetterContainerName
    appPrincipalId: identity.outputs.principalId
  }
}

module registrations 'modules/registrations.bicep' = if (createRegistrations) {
  name: 'registrations'
  scope: group
  params: {
    token: token
    environmentName: environmentName
    origins: union([origin], ['https://${functionAppName}.azurewebsites.net'])
    groupClaims: groupClaims
    preauthorizedClients: filter(map(split(preauthorizedClients, ','), id => trim(id)), id => !empty(id))
    appPrincipalId: identity.outputs.principalId
  }
}

module directory 'modules/directory.bicep' = if (grantDirectoryRead) {
  name: 'directory'
  scope: group
  params: {
    principalId: identity.outputs.principalId
  }
}

var mcpAudience = createRegistrations ? registrations!.outputs.mcpClientId : mcpClientId
var apiAudience = createRegistrations ? registrations!.outputs.apiClientId : apiClientId
var signsIn = platformSignIn && (createRegistrations || !empty(signInClientId))
var signInAudience = !signsIn ? '' : createRegistrations ? registrations!.outputs.signInClientId : signInClientId

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: functionAppName
    planName: 'plan-interlock-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    runtimeAccountName: runtimeStorage.outputs.accountName
    deploymentContainerName: runtimeStorage.outputs.deploymentContainerName
    auditAccountName: auditStorage.outputs.accountName
    applicationInsightsName: monitoring.outputs.applicationInsightsName
    macKeyUri: vault.outputs.macKeyUri
    vaultUri: vault.outputs.uri
    checkpointKeyUri: vault.outputs.checkpointKeyUri
    topicEndpoint: events.outputs.endpoint
    eventPublisherObjectId: empty(eventPublisherObjectId) ? identity.outputs.principalId : eventPublisherObjectId
    origin: origin
    egressHosts: egressHosts
    noticeChannelsUri: noticeChannels ? vault.outputs.noticeChannelsUri : ''
    allowGuests: allowGuests
    fourEyes: fourEyes
    principalCaps: principalCaps
    restoredAt: restoredAt
    mcpAudience: mcpAudience
    apiAudience: apiAudience
    signInAudience: signInAudience
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
  }
  dependsOn: [runtimeEndpoints, auditEndpoints, vaultEndpoints]
}

module auth 'modules/auth.bicep' = {
  name: 'auth'
  scope: group
  params: {
    functionAppName: app.outputs.name
    enabled: signsIn
    clientId: signInAudience
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    name: 'interlock-${token}'
    location: location
    tags: tags
    email: alertEmail
    applicationInsightsId: monitoring.outputs.applicationInsightsId
    topicId: events.outputs.topicId
    runtimeAccountId: runtimeStorage.outputs.accountId
    auditAccountId: auditStorage.outputs.accountId
  }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_APP_NAME string = app.outputs.name
output AZURE_IDENTITY_OBJECT_ID string = identity.outputs.principalId
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
output AZURE_EVENT_TOPIC_NAME string = events.outputs.name
output AZURE_RUNTIME_STORAGE_NAME string = runtimeStorage.outputs.accountName
output AZURE_AUDIT_STORAGE_NAME string = auditStorage.outputs.accountName
output AZURE_DEAD_LETTER_CONTAINER_NAME string = runtimeStorage.outputs.deadLetterContainerName
output INTERLOCK_ORIGIN string = origin
output INTERLOCK_MCP_CLIENT_ID string = mcpAudience
output INTERLOCK_API_CLIENT_ID string = apiAudience
output INTERLOCK_SIGN_IN_CLIENT_ID string = signInAudience
