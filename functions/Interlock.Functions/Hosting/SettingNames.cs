namespace Interlock.Functions.Hosting;

/// <summary>
/// Every setting that the app reads, as the app setting's name: <c>__</c> stands for the configuration's <c>:</c>. The infrastructure sets
/// them, <c>local.settings.sample.json</c> shows them, and a test holds the three lists together.
/// </summary>
internal static class SettingNames
{
    /// <summary>The Entra tenant (<c>tid</c>) whose people and applications are served.</summary>
    public const string Tenant = "Interlock__Tenant";

    /// <summary>The address people and clients use, <c>https://host</c>.</summary>
    public const string PublicOrigin = "Interlock__PublicOrigin";

    /// <summary>The table and blob endpoints of the runtime's account; with <see cref="AuditTables"/> and <see cref="AuditBlobs"/> reached by managed identity.</summary>
    public const string StorageTables = "Interlock__Storage__TableUri";

    public const string StorageBlobs = "Interlock__Storage__BlobUri";

    /// <summary>The audit's own account: rows are read and added there, never changed.</summary>
    public const string AuditTables = "Interlock__Audit__TableUri";

    public const string AuditBlobs = "Interlock__Audit__BlobUri";

    /// <summary>The Key Vault key on P-256 that signs the audit's checkpoints, <c>https://NAME.vault.azure.net/keys/KEY</c>; without it they are not signed.</summary>
    public const string CheckpointKey = "Interlock__Audit__CheckpointKeyUri";

    /// <summary>The client id of the user-assigned identity.</summary>
    public const string ClientId = "AZURE_CLIENT_ID";

    /// <summary>The key of MACs, 32 bytes in base64: a Key Vault reference.</summary>
    public const string MacKey = "Interlock__MacKey";

    /// <summary>
    /// When the storage was last restored from a copy or failed over, as <c>2026-03-01T09:00:00Z</c>: approvals, sessions and tokens from before are void, and calls begun
    /// before without a recorded outcome are in doubt. Not given, it never was.
    /// </summary>
    public const string RestoredAt = "Interlock__RestoredAt";

    /// <summary>The <c>aud</c> of tokens for <c>/mcp</c>; never that of <see cref="ApiAudience"/>.</summary>
    public const string McpAudience = "Interlock__Identity__McpAudience";

    public const string ApiAudience = "Interlock__Identity__ApiAudience";

    /// <summary>The client id of the app registration that people sign in to through platform authentication; without it nobody signs in at the pages.</summary>
    public const string SignInAudience = "Interlock__Identity__SignInAudience";

    /// <summary><c>true</c> lets guests of the tenant sign in at the pages, and so approve; not given, they don't.</summary>
    public const string AllowGuests = "Interlock__Identity__AllowGuests";

    /// <summary>The custom topic's endpoint for events that Interlock publishes; without it none are.</summary>
    public const string EventTopic = "Interlock__Events__TopicUri";

    /// <summary>The object id under which events of the topic's subscription count: an application of the tenant with role <c>event-source</c>.</summary>
    public const string EventPublisher = "Interlock__Events__Publisher";

    /// <summary>What one principal may have open at once, as <c>runs=200,gates=200,frames=50000</c>; not given, just that.</summary>
    public const string PrincipalCaps = "Interlock__Limits__PerPrincipal";

    /// <summary>Hosts whose private addresses upstream calls may reach, separated by commas.</summary>
    public const string EgressHosts = "Interlock__Egress__AllowedHosts";

    /// <summary>The Key Vault whose secrets named <c>upstream-…</c> are those that registrations of servers name; without it there are none.</summary>
    public const string UpstreamVault = "Interlock__Upstreams__VaultUri";

    /// <summary><c>false</c> lets one administrator widen the registry alone; not given, a second one approves it, except on a developer's machine.</summary>
    public const string FourEyes = "Interlock__Governance__FourEyes";

    /// <summary>The channels that tell people of gates, as JSON (docs/notifications.md): a Key Vault reference, for their addresses are secrets. Not given, nobody is told.</summary>
    public const string NoticeChannels = "Interlock__Notices__Channels";

    /// <summary>
    /// For a developer's machine only: the folder of an embedded host (<c>keys/</c>, <c>users.json</c>) whose issuer, users and MAC key are used, with
    /// Azurite for storage. Refused wherever the platform is Azure.
    /// </summary>
    public const string DevelopmentFolder = "Interlock__Development__Folder";

    /// <summary>With <see cref="DevelopmentFolder"/>: Azurite's connection string; <c>UseDevelopmentStorage=true</c> when it is not given.</summary>
    public const string DevelopmentStorage = "Interlock__Development__Storage";
}
