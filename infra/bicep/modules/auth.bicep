param functionAppName string
param enabled bool

@description('The registration that people sign in to.')
param clientId string

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: functionAppName
}

resource auth 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: enabled
      runtimeVersion: '~1'
    }
    globalValidation: {
      // The app answers itself whoever is not signed in: the pages with a way to sign in, /mcp with its own 401 and metadata.
      requireAuthentication: false
      unauthenticatedClientAction: 'AllowAnonymous'
      redirectToProvider: 'azureactivedirectory'
      // Event Grid delivers there with a key of the host, and without a token.
      excludedPaths: ['/runtime/webhooks/EventGrid']
    }
    httpSettings: {
      requireHttps: true
      routes: { apiPrefix: '/.auth' }
      forwardProxy: { convention: 'NoProxy' }
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: enabled
        registration: {
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          clientId: clientId
          // No secret: the setting names the managed identity whose token stands in for one.
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
        }
        login: { loginParameters: ['scope=openid profile email'] }
        // Only people who sign in at the pages. Bearer tokens of /mcp and /api have other audiences: to the platform they are nobody's, and the app
        // checks them. Naming them here would make the platform authorise each client, and refuse with 403 whoever is not in the list below.
        validation: {
          allowedAudiences: [clientId]
          defaultAuthorizationPolicy: { allowedApplications: [clientId] }
        }
      }
    }
    login: {
      routes: { logoutEndpoint: '/.auth/logout' }
      tokenStore: { enabled: true }
      preserveUrlFragmentsForLogins: false
      allowedExternalRedirectUrls: []
      cookieExpiration: {
        convention: 'FixedTime'
        timeToExpiration: '08:00:00'
      }
      nonce: {
        validateNonce: true
        nonceExpirationInterval: '00:05:00'
      }
    }
  }
}
