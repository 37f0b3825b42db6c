param name string
param planName string
param location string
param tags object
param identityId string
param identityClientId string

@description('Empty: no virtual network.')
param subnetId string
param runtimeAccountName string
param deploymentContainerName string
param auditAccountName string
param applicationInsightsName string
param macKeyUri string

@description('The vault whose secrets named upstream-… servers are called with.')
param vaultUri string
param checkpointKeyUri string
param topicEndpoint string
param eventPublisherObjectId string
param origin string
param egressHosts string

@description('Empty: no channel.')
param noticeChannelsUri string
param allowGuests bool
param fourEyes bool
param principalCaps string
param restoredAt string
param mcpAudience string
param apiAudience string
param signInAudience string
param instanceMemoryMB int
param maximumInstanceCount int
param alwaysReadyInstances int

resource runtimeAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: runtimeAccountName
}

resource auditAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: auditAccountName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'functions' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${runtimeAccount.properties.primaryEndpoints.blob}${deploymentContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'dotnet-isolated'
        version: '10.0'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyInstances == 0 ? [] : [
          {
            name: 'http'
            instanceCount: alwaysReadyInstances
          }
          {
            name: 'durable'
            instanceCount: alwaysReadyInstances
          }
        ]
      }
    }
  }
}

resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    AzureWebJobsStorage__blobServiceUri: runtimeAccount.properties.primaryEndpoints.blob
    AzureWebJobsStorage__queueServiceUri: runtimeAccount.properties.primaryEndpoints.queue
    AzureWebJobsStorage__tableServiceUri: runtimeAccount.properties.primaryEndpoints.table
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identityClientId
    WEBSITE_AUTH_AAD_ALLOWED_TENANTS: tenant().tenantId
    AZURE_CLIENT_ID: identityClientId
    AzureWebJobsDisableHomepage: 'true'
    Interlock__Tenant: tenant().tenantId
    Interlock__PublicOrigin: origin
    Interlock__Storage__TableUri: runtimeAccount.properties.primaryEndpoints.table
    Interlock__Storage__BlobUri: runtimeAccount.properties.primaryEndpoints.blob
    Interlock__Audit__TableUri: auditAccount.properties.primaryEndpoints.table
    Interlock__Audit__BlobUri: auditAccount.properties.primaryEndpoints.blob
    Interlock__MacKey: '@Microsoft.KeyVault(SecretUri=${macKeyUri})'
    Interlock__Identity__McpAudience: mcpAudience
    Interlock__Identity__ApiAudience: apiAudience
    Interlock__Identity__SignInAudience: signInAudience
    Interlock__Identity__AllowGuests: string(allowGuests)
    Interlock__RestoredAt: restoredAt
    Interlock__Limits__PerPrincipal: principalCaps
    Interlock__Events__TopicUri: topicEndpoint
    Interlock__Events__Publisher: eventPublisherObjectId
    Interlock__Egress__AllowedHosts: egressHosts
    Interlock__Upstreams__VaultUri: vaultUri
    Interlock__Audit__CheckpointKeyUri: checkpointKeyUri
    Interlock__Governance__FourEyes: string(fourEyes)
    Interlock__Notices__Channels: empty(noticeChannelsUri) ? '' : '@Microsoft.KeyVault(SecretUri=${noticeChannelsUri})'
  }
}

output name string = app.name
