using System.Text.Json;
using System.Text.RegularExpressions;
using Interlock.Core.Audit;

namespace Interlock.Tests.Azure.Infrastructure;

/// <summary>The infrastructure's text: what can be held about it without Azure.</summary>
public sealed class BicepTests
{
    /// <summary>Azure's ids of built-in roles.</summary>
    private static readonly Dictionary<string, string> _roles = new()
    {
        ["blobOwner"] = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        ["queueContributor"] = "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        ["tableContributor"] = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        ["blobContributor"] = "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        ["dataSender"] = "d5a91429-5739-47e2-a06b-3470a27159e7",
        ["metricsPublisher"] = "3913510d-42f4-4e42-8a64-420c390055eb",
        ["secretsUser"] = "4633458b-17de-408a-b874-0445c86b69e6",
    };

    /// <summary>Microsoft Graph, and its application permission <c>Directory.Read.All</c>.</summary>
    private static readonly string[] _graph = ["00000003-0000-0000-c000-000000000000", "7ab1d382-f21e-4acd-a863-ba3e13f7da61"];

    /// <summary>Resource types that have no tags of their own.</summary>
    private static readonly string[] _untagged =
    [
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Authorization/roleDefinitions",
        "Microsoft.EventGrid/topics/eventSubscriptions",
        "Microsoft.Graph/appRoleAssignedTo",
        "Microsoft.Graph/applications",
        "Microsoft.Graph/applications/federatedIdentityCredentials",
        "Microsoft.Graph/servicePrincipals",
        "Microsoft.Insights/diagnosticSettings",
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        "Microsoft.Storage/storageAccounts/blobServices",
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        "Microsoft.Storage/storageAccounts/tableServices",
        "Microsoft.Storage/storageAccounts/tableServices/tables",
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
        "Microsoft.Web/sites/config",
    ];

    [Fact]
    public void Files_All_Parse() => Assert.Empty(BicepParser.Errors(BicepFile.All.Select(file => file.Path)));

    [Fact]
    public void Parser_BrokenFile_IsNoticed()
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.bicep");
        File.WriteAllText(path, "param a string =\nresource b 'X/y@1' = {\n  name: \n");
        try
        {
            Assert.NotEmpty(BicepParser.Errors([path]));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Files_EveryDeclaration_IsRead() => Assert.All(BicepFile.All, file => Assert.Equal(
        Regex.Count(file.Text, @"^ *(resource|module|param|output) \w+ ", RegexOptions.Multiline),
        file.Resources.Count() + file.Modules.Count() + file.Parameters.Count + file.Outputs.Count));

    [Fact]
    public void Resources_ThatTakeTags_HaveThem() => Assert.All(
        from file in BicepFile.All
        from resource in file.Resources
        where !resource.Existing && !_untagged.Contains(resource.Target.Split('@')[0])
        select (file.Name, Resource: resource),
        at => Assert.Contains("tags", at.Resource.Properties));

    [Fact]
    public void Tags_NameTheEnvironment_AndTheAppItsService()
    {
        Assert.Contains("var tags = { 'azd-env-name': environmentName }", BicepFile.Main.Text, StringComparison.Ordinal);
        Assert.All(
            BicepFile.Main.Modules.Where(module => Module(module).Parameters.ContainsKey("tags")),
            module => Assert.Contains("    tags: tags\n", module.Body, StringComparison.Ordinal));
        Assert.Contains("tags: union(tags, { 'azd-service-name': 'functions' })", Resource("app.bicep", "app").Body, StringComparison.Ordinal);
    }

    [Fact]
    public void RoleIds_All_AreThoseOfBuiltInRoles()
    {
        var used = BicepFile.All.SelectMany(file => Regex.Matches(file.Text, @"^var (\w+)RoleId = '([^']+)'$", RegexOptions.Multiline))
            .Select(at => KeyValuePair.Create(at.Groups[1].Value, at.Groups[2].Value)).ToArray();

        Assert.Equal(_roles.OrderBy(role => role.Key), used.OrderBy(role => role.Key));
        Assert.Equal(
            used.Select(role => role.Value).Concat(_graph).Order(),
            BicepFile.All.SelectMany(file => Regex.Matches(file.Text, "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")).Select(at => at.Value).Order());
    }

    [Fact]
    public void Secrets_AreNeitherReadNorHandedOn() => Assert.All(BicepFile.All, file =>
    {
        Assert.DoesNotMatch(@"\blist[A-Z]\w*\(|@secure|AccountKey|SharedAccess|InstrumentationKey|newGuid\(", file.Text);
        Assert.All(file.Outputs, output => Assert.DoesNotMatch("(?i)secret|password|connection_?string|_key$", output.Key));
        Assert.All(file.Outputs.Where(output => output.Key is not ("macKeyUri" or "noticeChannelsUri")), output => Assert.DoesNotMatch("(?i)secret|connectionString", output.Value));
    });

    [Fact]
    public void Accounts_All_RefuseKeysAndPublicBlobs() => Assert.All(
        BicepFile.All.SelectMany(file => file.Resources).Where(resource => !resource.Existing && resource.Target.StartsWith("Microsoft.Storage/storageAccounts@", StringComparison.Ordinal)),
        account =>
        {
            Assert.Contains("allowSharedKeyAccess: false", account.Body, StringComparison.Ordinal);
            Assert.Contains("allowBlobPublicAccess: false", account.Body, StringComparison.Ordinal);
            Assert.Contains("minimumTlsVersion: 'TLS1_2'", account.Body, StringComparison.Ordinal);
        });

    [Fact]
    public void LocalAuthentication_IsOff()
    {
        Assert.Contains("disableLocalAuth: true", Resource("events.bicep", "topic").Body, StringComparison.Ordinal);
        Assert.Contains("disableLocalAuth: true", Resource("monitoring.bicep", "workspace").Body, StringComparison.Ordinal);
        Assert.Contains("DisableLocalAuth: true", Resource("monitoring.bicep", "insights").Body, StringComparison.Ordinal);
        Assert.Contains("enableRbacAuthorization: true", Resource("vault.bicep", "vault").Body, StringComparison.Ordinal);
    }

    [Fact]
    public void MainParameters_File_NamesExactlyThem()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(Path.Combine(BicepFile.Folder, "main.parameters.json")));

        Assert.Equal(BicepFile.Main.Parameters.Keys.Order(), file.RootElement.GetProperty("parameters").EnumerateObject().Select(member => member.Name).Order());
    }

    [Fact]
    public void ModuleParameters_Given_ExistAndAreComplete() => Assert.All(BicepFile.All.SelectMany(file => file.Modules), module =>
    {
        var given = BicepFile.PropertiesOf(module.Object("params"));
        var declared = Module(module).Parameters;

        Assert.Empty(given.Except(declared.Keys));
        Assert.Empty(declared.Where(parameter => parameter.Value).Select(parameter => parameter.Key).Except(given));
    });

    [Fact]
    public void ModuleOutputs_Used_Exist() => Assert.All(BicepFile.All, file => Assert.All(
        Regex.Matches(file.Text, @"\b(\w+)!?\.outputs\.(\w+)"),
        use => Assert.Contains(use.Groups[2].Value, Module(file.Modules.Single(module => module.Name == use.Groups[1].Value)).Outputs.Keys)));

    [Fact]
    public void Parameters_All_AreUsed() => Assert.All(
        BicepFile.All.SelectMany(file => file.Parameters.Keys.Select(name => (file, name))),
        at => Assert.True(Regex.Count(at.file.Text, $@"\b{at.name}\b") > 1, $"{at.file.Name}: {at.name}"));

    [Fact]
    public void AuditRole_ReadsAndAdds_Only()
    {
        var role = Resource("audit-storage.bicep", "appender").Body;

        Assert.Equal(
            [
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
                "Microsoft.Storage/storageAccounts/tableServices/tables/entities/add/action",
                "Microsoft.Storage/storageAccounts/tableServices/tables/entities/read",
            ],
            Regex.Matches(role, "'(Microsoft[^']+)'").Select(at => at.Groups[1].Value).Order());
        Assert.Contains(" actions: []", role, StringComparison.Ordinal);
    }

    [Fact]
    public void AuditAccount_App_HasThatRoleAndNoOther()
    {
        var file = BicepFile.Named("audit-storage.bicep");
        var assignments = file.Resources.Where(resource => resource.Target.StartsWith("Microsoft.Authorization/roleAssignments@", StringComparison.Ordinal)).ToArray();

        Assert.Equal(["chains", "exports", "records"], assignments.Select(assignment => Regex.Match(assignment.Body, @"^  scope: (\w+)$", RegexOptions.Multiline).Groups[1].Value).Order());
        Assert.All(assignments, assignment => Assert.Contains("roleDefinitionId: appender.id", assignment.Body, StringComparison.Ordinal));
        Assert.All(
            BicepFile.All.Where(other => other != file).SelectMany(other => other.Resources.Where(resource => resource.Target.Contains("roleAssignments@", StringComparison.Ordinal))),
            assignment => Assert.DoesNotContain("audit", assignment.Body, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void AuditTables_Made_AreThoseThatTheAuditUses() => Assert.Equal(
        [AuditChain.RecordsTable, AuditChain.ChainsTable],
        BicepFile.Named("audit-storage.bicep").Resources
            .Where(resource => resource.Target.Contains("/tables@", StringComparison.Ordinal))
            .Select(table => Regex.Match(table.Body, @"^  name: '(\w+)'$", RegexOptions.Multiline).Groups[1].Value));

    [Fact]
    public void ApiVersions_OfOneType_AreOne() => Assert.All(
        BicepFile.All.SelectMany(file => file.Resources).Select(resource => resource.Target.Split('@')).GroupBy(target => target[0], target => target[1]),
        versions => Assert.Single(versions.Distinct()));

    [Fact]
    public void EventSubscription_OwnEvents_AreLeftOut()
    {
        var body = Resource("event-subscription.bicep", "subscription").Body;

        Assert.Contains("operatorType: 'StringNotBeginsWith'\n          key: 'type'\n          values: ['io.serverlessworkflow.']", body, StringComparison.Ordinal);
        Assert.Contains("eventDeliverySchema: 'CloudEventSchemaV1_0'", body, StringComparison.Ordinal);
        Assert.Contains("resourceId('Microsoft.Web/sites/functions', functionAppName, 'events')", body, StringComparison.Ordinal);
    }

    [Fact]
    public void PlatformAuthentication_Anonymous_ReachesTheApp()
    {
        var body = Resource("auth.bicep", "auth").Body;

        Assert.Contains("unauthenticatedClientAction: 'AllowAnonymous'", body, StringComparison.Ordinal);
        Assert.Contains("excludedPaths: ['/runtime/webhooks/EventGrid']", body, StringComparison.Ordinal);
        Assert.Contains("clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'", body, StringComparison.Ordinal);
    }

    [Fact]
    public void PlatformAuthentication_Tokens_AreOnlyThoseOfTheSignIn()
    {
        var body = Resource("auth.bicep", "auth").Body;

        Assert.Contains("allowedAudiences: [clientId]", body, StringComparison.Ordinal);
        Assert.Contains("allowedApplications: [clientId]", body, StringComparison.Ordinal);
    }

    private static BicepFile Module(BicepBlock module) => BicepFile.All.Single(file => file.Path == Path.Combine(BicepFile.Folder, module.Target));

    private static BicepBlock Resource(string file, string name) => BicepFile.Named(file).Resources.Single(resource => resource.Name == name);
}
