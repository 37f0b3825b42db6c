param name string
param location string
param tags object
param privateNetwork bool
param allowedRanges array
param appPrincipalId string

@description('Who may set the key, and not read it.')
param deployerPrincipalId string
param workspaceId string

// Key Vault Secrets User
var secretsUserRoleId = '4633458b-17de-408a-b874-0445c86b69e6'

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
    softDeleteRetentionInDays: 90
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      defaultAction: privateNetwork ? 'Deny' : 'Allow'
      bypass: 'AzureServices'
      ipRules: [for range in allowedRanges: { value: range }]
    }
  }
}

resource secretsUser 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, appPrincipalId, secretsUserRoleId)
  scope: vault
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUserRoleId)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource secretSetter 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(vault.id, 'secret-setter')
  properties: {
    roleName: 'Interlock secret setter (${name})'
    description: 'Lists and sets secrets; cannot read their values.'
    type: 'CustomRole'
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: [
          'Microsoft.KeyVault/vaults/secrets/readMetadata/action'
          'Microsoft.KeyVault/vaults/secrets/setSecret/action'
        ]
        notDataActions: []
      }
    ]
    assignableScopes: [resourceGroup().id]
  }
}

resource deployerSetter 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, deployerPrincipalId, 'secret-setter')
  scope: vault
  properties: {
    roleDefinitionId: secretSetter.id
    principalId: deployerPrincipalId
  }
}

resource checkpoints 'Microsoft.KeyVault/vaults/keys@2024-11-01' = {
  parent: vault
  name: 'checkpoints'
  tags: tags
  properties: {
    kty: 'EC'
    curveName: 'P-256'
    keyOps: [
      'sign'
      'verify'
    ]
  }
}

resource signer 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(vault.id, 'signer')
  properties: {
    roleName: 'Interlock checkpoint signer (${name})'
    description: 'Signs with a key; cannot export, change or delete it.'
    type: 'CustomRole'
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: [
          'Microsoft.KeyVault/vaults/keys/read'
          'Microsoft.KeyVault/vaults/keys/sign/action'
        ]
        notDataActions: []
      }
    ]
    assignableScopes: [resourceGroup().id]
  }
}

resource appSigner 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(checkpoints.id, appPrincipalId, 'signer')
  scope: checkpoints
  properties: {
    roleDefinitionId: signer.id
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource log 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

output vaultId string = vault.id
output name string = vault.name
output uri string = vault.properties.vaultUri

@description('The place, without a version; what is there is made by the postprovision hook.')
output macKeyUri string = '${vault.properties.vaultUri}secrets/mac-key'

@description('The place, without a version; what is there is made by an operator, if at all.')
output noticeChannelsUri string = '${vault.properties.vaultUri}secrets/notice-channels'

@description('The key that signs the checkpoints of the audit, without a version.')
output checkpointKeyUri string = '${vault.properties.vaultUri}keys/checkpoints'
