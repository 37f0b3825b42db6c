param name string
param location string
param tags object
param sku string
param privateNetwork bool
param allowedRanges array
param retentionDays int
param retentionState string
param appPrincipalId string
param workspaceId string

@description('The audit and nothing else. What is exported here can be neither changed nor deleted before its time; rows can be read and added.')
resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      defaultAction: privateNetwork ? 'Deny' : 'Allow'
      bypass: 'None'
      ipRules: [for range in allowedRanges: {
        value: range
        action: 'Allow'
      }]
    }
    immutableStorageWithVersioning: {
      enabled: true
      immutabilityPolicy: {
        immutabilityPeriodSinceCreationInDays: retentionDays
        allowProtectedAppendWrites: false
        state: retentionState
      }
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: account
  name: 'default'
  properties: { isVersioningEnabled: true }
}

resource exports 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: 'exports'
  properties: { publicAccess: 'None' }
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2024-01-01' = {
  parent: account
  name: 'default'
}

resource records 'Microsoft.Storage/storageAccounts/tableServices/tables@2024-01-01' = {
  parent: tables
  name: 'audit'
}

resource chains 'Microsoft.Storage/storageAccounts/tableServices/tables@2024-01-01' = {
  parent: tables
  name: 'auditchains'
}

@description('Reads and adds, and has no way to update, overwrite or delete; not even to make a table.')
resource appender 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(account.id, 'audit-appender')
  properties: {
    roleName: 'Interlock audit appender (${name})'
    description: 'Reads the audit and adds to it; cannot change or delete what is there.'
    type: 'CustomRole'
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: [
          'Microsoft.Storage/storageAccounts/tableServices/tables/entities/read'
          'Microsoft.Storage/storageAccounts/tableServices/tables/entities/add/action'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'
        ]
        notDataActions: []
      }
    ]
    assignableScopes: [resourceGroup().id]
  }
}

resource recordsAppender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(records.id, appPrincipalId, 'audit-appender')
  scope: records
  properties: {
    roleDefinitionId: appender.id
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource chainsAppender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(chains.id, appPrincipalId, 'audit-appender')
  scope: chains
  properties: {
    roleDefinitionId: appender.id
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource exportsAppender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(exports.id, appPrincipalId, 'audit-appender')
  scope: exports
  properties: {
    roleDefinitionId: appender.id
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

@description('Whoever deletes from the audit, or tries to, is named in the workspace.')
resource tableDeletions 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'deletions'
  scope: tables
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

resource blobDeletions 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'deletions'
  scope: blobs
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

output accountId string = account.id
output accountName string = account.name
