extension microsoftGraphV1

param token string
param environmentName string

@description('The addresses people sign in at, https://host.')
param origins array
param groupClaims string

@description('Client ids that may call /mcp without asking for consent.')
param preauthorizedClients array
param appPrincipalId string

// On both: a token carries the roles of the registration it was issued for; at the pages people have those of the API's. Approving takes a
// person, sending events a program.
var roles = [
  {
    value: 'author'
    members: ['User', 'Application']
    description: 'Writes workflows.'
  }
  {
    value: 'publisher'
    members: ['User', 'Application']
    description: 'Publishes workflows.'
  }
  {
    value: 'operator'
    members: ['User', 'Application']
    description: 'Starts, suspends, resumes and cancels runs; settles calls in doubt.'
  }
  {
    value: 'approver'
    members: ['User']
    description: 'Decides at gates that name the person or a group of theirs.'
  }
  {
    value: 'auditor'
    members: ['User', 'Application']
    description: 'Reads and exports the audit.'
  }
  {
    value: 'admin'
    members: ['User']
    description: 'Registers servers and agents, changes policies and lifecycles.'
  }
  {
    value: 'event-source'
    members: ['Application']
    description: 'Sends events that start and correlate runs.'
  }
]

var mcpName = 'interlock-mcp-${token}'
var apiName = 'interlock-api-${token}'
var signInName = 'interlock-pages-${token}'
var mcpScopeId = guid(mcpName, 'mcp.call')
var apiScopeId = guid(apiName, 'api.access')

var mcpRoles = [for role in roles: {
  id: guid(mcpName, role.value)
  value: role.value
  displayName: role.value
  description: role.description
  allowedMemberTypes: role.members
  isEnabled: true
}]

var apiRoles = [for role in roles: {
  id: guid(apiName, role.value)
  value: role.value
  displayName: role.value
  description: role.description
  allowedMemberTypes: role.members
  isEnabled: true
}]

var mcpClients = [for client in preauthorizedClients: {
  appId: client
  delegatedPermissionIds: [mcpScopeId]
}]

var redirectUris = [for origin in origins: '${origin}/.auth/login/aad/callback']

var accessTokenClaims = [
  { name: 'idtyp' }
  { name: 'acct' }
]

@description('Tokens for /mcp.')
resource mcp 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: mcpName
  displayName: 'Interlock MCP (${environmentName})'
  signInAudience: 'AzureADMyOrg'
  identifierUris: ['api://${tenant().tenantId}/${mcpName}']
  groupMembershipClaims: groupClaims
  optionalClaims: { accessToken: accessTokenClaims }
  api: {
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: [
      {
        id: mcpScopeId
        value: 'mcp.call'
        type: 'User'
        isEnabled: true
        adminConsentDisplayName: 'Call tools through Interlock'
        adminConsentDescription: 'Calls the tools that the signed-in person may use, through Interlock\'s gateway.'
        userConsentDisplayName: 'Call tools through Interlock'
        userConsentDescription: 'Calls the tools that you may use, through Interlock\'s gateway.'
      }
    ]
    preAuthorizedApplications: mcpClients
  }
  appRoles: mcpRoles
}

@description('Tokens for /api.')
resource api 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: apiName
  displayName: 'Interlock API (${environmentName})'
  signInAudience: 'AzureADMyOrg'
  identifierUris: ['api://${tenant().tenantId}/${apiName}']
  groupMembershipClaims: groupClaims
  optionalClaims: { accessToken: accessTokenClaims }
  api: {
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: [
      {
        id: apiScopeId
        value: 'api.access'
        type: 'User'
        isEnabled: true
        adminConsentDisplayName: 'Use Interlock\'s API'
        adminConsentDescription: 'Uses Interlock\'s API with the rights of the signed-in person.'
        userConsentDisplayName: 'Use Interlock\'s API'
        userConsentDescription: 'Uses Interlock\'s API with your rights.'
      }
    ]
  }
  appRoles: apiRoles
}

@description('What people sign in to at the pages. It exposes no scope, so that no client can get a token that passes for a sign-in.')
resource signIn 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: signInName
  displayName: 'Interlock (${environmentName})'
  signInAudience: 'AzureADMyOrg'
  optionalClaims: {
    idToken: [
      { name: 'auth_time' }
      { name: 'acct' }
    ]
  }
  web: {
    homePageUrl: origins[0]
    redirectUris: redirectUris
    implicitGrantSettings: {
      enableIdTokenIssuance: true
      enableAccessTokenIssuance: false
    }
  }
}

resource credential 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = {
  name: '${signIn.uniqueName}/interlock'
  description: 'The app\'s managed identity stands in for a client secret.'
  audiences: ['api://AzureADTokenExchange']
  issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
  subject: appPrincipalId
}

resource mcpPrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: mcp.appId
}

resource apiPrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: api.appId
}

resource signInPrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: signIn.appId
}

output mcpClientId string = mcp.appId
output apiClientId string = api.appId
output signInClientId string = signIn.appId
