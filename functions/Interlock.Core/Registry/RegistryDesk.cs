using System.Security.Cryptography;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Fences;
using Interlock.Core.Gateway.Limits;
using Interlock.Core.Gateway.Routing;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Registry.Contracts;
using Interlock.Core.Registry.Pools;
using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Registry;

/// <summary>
/// Changes the registry: checks what is to be registered, records who does it, writes it and raises the epoch. What a server offers is taken as
/// it shows it at registration; after that a changed contract is another version.
/// </summary>
public sealed class RegistryDesk(
    RegistryStore registries, WorkflowCatalog catalog, AuditLog audit, IUpstreamDiscovery discovery, IDirectory directory, FenceTracker fences, TimeProvider time)
{
    /// <summary>How long a disabling waits for calls under way before it names them.</summary>
    public static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(10);

    private const string FirstVersion = "1.0.0";
    private const int MaxToolName = 128;
    private const int MaxInstructions = 64 * 1024;

    private readonly KnownApprovers _approvers = new(directory);
    private readonly KnownChildren _children = new(catalog);
    private readonly PoolAuthority _pools = new(catalog, directory, time);

    private RegistryWriter Writer { get; init; } = new(registries, audit, time);

    /// <summary>The same desk for changes under a guard.</summary>
    public RegistryDesk Under(RegistryGuard guard) => new(registries, catalog, audit, discovery, directory, fences, time) { Writer = new RegistryWriter(registries, audit, time, guard) };

    internal Task<bool?> AppliedAsync(TenantId tenant, string proposal) => registries.AppliedAsync(tenant, proposal);

    internal Task<bool> GiveUpAsync(TenantId tenant, string proposal) => registries.GiveUpAsync(tenant, proposal);

    public Task<RegistrySnapshot> ReadAsync(TenantId tenant, CancellationToken cancellationToken = default) => registries.ReadAsync(tenant, cancellationToken);

    /// <summary>Publishes a workflow from its text, with the report of its readiness; what keeps it from publishing comes back as findings and report.</summary>
    public async Task<RegistryResult> PublishWorkflowAsync(Principal by, string text, string fileName, CancellationToken cancellationToken = default)
    {
        var read = await CheckWorkflowAsync(by, text, fileName, cancellationToken);
        var report = ReadinessReport.For(read);
        if (read.Definition is not { } definition || read.Document is not { } document || !report.Passed)
            return Invalid(read.Definition is null ? "The workflow does not check" : "The workflow is not ready", read.Findings) with { Readiness = report };
        var registry = await registries.ReadAsync(by.Tenant, cancellationToken);
        if (OwnerOf(registry, definition.Name.ToString()) is { } owner && owner != by.Subject && !by.Roles.Contains("admin"))
            return Refuse(403, "The workflow belongs to somebody else", $"'{definition.Name}' was first published by {owner}; only they or an administrator publish further versions.");
        if (registry.Find(RegistryKind.Workflow, definition.Name.ToString(), definition.Version) is { Lifecycle: not (Lifecycle.Active or Lifecycle.Draft) and var ended })
        {
            var gone = ended.ToString().ToLowerInvariant();
            var refused = Refuse(409, $"The version is {gone}", $"'{definition.Name}' {definition.Version} does not come back by being published again: that is a change of its lifecycle.");
            return refused with { Problem = refused.Problem with { Rule = gone } };
        }
        var digest = await catalog.StoreAsync(by.Tenant, document, cancellationToken);
        var before = registry.Find(RegistryKind.Workflow, definition.Name.ToString(), definition.Version)?.As<WorkflowBody>();
        var body = before is { DocumentDigest: var same, Owner: var owned } && same == digest && owned == by.Subject
            ? before // published again: the report stays the one it was published with
            : new WorkflowBody(digest, by.Subject) { ReadinessDigest = await catalog.StoreAsync(by.Tenant, report.ToJson(), cancellationToken) };
        return await WriteAsync(by, registry, [Entry(RegistryKind.Workflow, definition.Name.ToString(), definition.Version, body, by)], cancellationToken);
    }

    /// <summary>Reads a workflow as publishing does: with whether the tenant knows whom it asks and what it calls, and whether this one may use what its pools hold.</summary>
    public async Task<WorkflowReadResult> CheckWorkflowAsync(Principal by, string text, string fileName, CancellationToken cancellationToken = default)
    {
        var registry = await registries.ReadAsync(by.Tenant, cancellationToken);
        var read = KnownTargets.Compare(WorkflowReader.Read(text, fileName), registry, Severity.Warning);
        var approvers = await _approvers.CheckAsync(by.Tenant, read, cancellationToken);
        var children = await _children.CheckAsync(read, registry, cancellationToken);
        return read with { Findings = [.. read.Findings, .. approvers, .. children, .. await _pools.CheckAsync(by, read, registry, cancellationToken)] };
    }

    /// <summary>Registers a server with every tool and operation it shows; a tool registered before with another contract becomes a new version.</summary>
    public Task<RegistryResult> RegisterServerAsync(Principal by, string name, Uri address, CancellationToken cancellationToken = default) =>
        RegisterServerAsync(by, name, address, null, cancellationToken);

    /// <summary>The same with settings; without, those of its newest registration stay, which was at the same address or had none.</summary>
    public async Task<RegistryResult> RegisterServerAsync(Principal by, string name, Uri address, ServerSettings? settings, CancellationToken cancellationToken = default)
    {
        if (!IsName(name)) return BadName(name);
        if (UpstreamAddress.Check(address, "/address") is { } unfit) return new RegistryResult.Refused(unfit, []);
        var known = await LatestServerAsync(by.Tenant, name, cancellationToken);
        if (settings is null && known?.As<ServerBody>() is { } last && last.Address != address && !last.Settings.IsNone)
            return new RegistryResult.Refused(SettingsCheck.Invalid("/settings", "The server was registered with settings at another address, and credentials don't move by themselves: say which settings hold at this one."), []);
        var said = settings ?? known?.As<ServerBody>().Settings ?? ServerSettings.None;
        if (SettingsCheck.Check(said, address, "/settings") is { } invalid) return new RegistryResult.Refused(invalid, []);
        if (Writer.IsTrial) return await WriteAsync(by, await registries.ReadAsync(by.Tenant, cancellationToken), [], cancellationToken);
        var registered = new ServerBody(address, NewRegistrationId()) { Settings = said };
        var found = await discovery.DiscoverAsync(UpstreamEndpoint.Of(by.Tenant, registered), cancellationToken);
        if (found.Failure is { } failure) return new RegistryResult.Refused(failure, []);
        if (BadToolName(found.Tools) is { } bad) return bad;
        if (SettingsCheck.Unknown(said, found.Contracts.Select(tool => tool.Name), "/settings") is { } unknown) return new RegistryResult.Refused(unknown, []);
        if (await ReplicaCheck.RefuseAsync(by.Tenant, registered, found, discovery, cancellationToken) is { } unlike) return new RegistryResult.Refused(unlike, []);
        if (found.ServerInstructions is { Length: <= MaxInstructions } instructions) registered = registered with { Instructions = instructions };
        var registry = await registries.ReadAsync(by.Tenant, cancellationToken);
        if (settings is null && (await LatestServerAsync(by.Tenant, name, cancellationToken))?.Version != known?.Version)
            return Refuse(409, "The registry was not changed", "The server was registered by somebody else meanwhile; read it again and repeat.");
        var foreign = ForeignTools.Of(registry, name);
        var server = Next(registry, Entry(RegistryKind.Server, name, FirstVersion, registered, by));
        var changes = new List<RegistryEntry>(Replaced(registry, server, by)) { server };
        foreach (var tool in found.Contracts)
        {
            var body = new ToolBody(tool.Raw, tool.Digest, tool.InputSchema) { OutputSchema = tool.OutputSchema, Settings = said.Tools.GetValueOrDefault(tool.Name, ToolSettings.None) };
            var entry = Entry(RegistryKind.Tool, $"{name}/{tool.Name}", FirstVersion, body, by);
            if (ContractScan.Run(tool, found.ServerInstructions, foreign) is [_, ..] findings)
                entry = entry with { Lifecycle = Lifecycle.Quarantined, Reason = ContractScan.Describe(findings), Findings = findings };
            if (Unusable(tool.InputSchema) is { } reason) entry = entry with { Lifecycle = Lifecycle.Quarantined, Reason = reason };
            if (Latest(registry, entry) is { } latest)
            {
                if (latest.Digest == entry.Digest) continue;
                // Somebody has read these very words and said yes: other settings are no reason to ask again.
                if (latest.Lifecycle == Lifecycle.Active && latest.As<ToolBody>().ContractDigest == tool.Digest) entry = entry with { Lifecycle = Lifecycle.Active, Reason = null };
                // Registering again is no way around a disabling or a quarantine: the new contract waits for somebody's word as the old one does.
                if (latest.Lifecycle is Lifecycle.Disabled or Lifecycle.Quarantined)
                    entry = entry with { Lifecycle = Lifecycle.Quarantined, Reason = $"its version {latest.Version} is {latest.Lifecycle.ToString().ToLowerInvariant()}" };
            }
            entry = Next(registry, entry);
            changes.AddRange(Replaced(registry, entry, by));
            changes.Add(entry);
        }
        changes.AddRange(Gone(registry, name, found.Contracts, by.Subject, time.GetUtcNow()));
        return await WriteAsync(by, registry, changes, cancellationToken);
    }

    /// <summary>Registers an A2A agent at its address, as it shows itself there, with no word of the operator's.</summary>
    public Task<RegistryResult> RegisterAgentAsync(Principal by, string name, string version, Uri address, CancellationToken cancellationToken = default) =>
        RegisterAgentAsync(by, name, version, address, AgentSettings.None, cancellationToken);

    /// <summary>Registers a version of an agent of any kind. Versions stand beside each other; what a version is never changes.</summary>
    public async Task<RegistryResult> RegisterAgentAsync(Principal by, string name, string version, Uri? address, AgentSettings settings, CancellationToken cancellationToken = default)
    {
        if (!IsName(name)) return BadName(name);
        if (SemanticVersion.TryParse(version) is null) return Refuse(400, "A version is of the form 1.2.3", $"'{version}' is no version.");
        if (AgentSettingsCheck.Check(settings, address, "/settings") is { } invalid) return new RegistryResult.Refused(invalid, []);
        if (Writer.IsTrial) return await WriteAsync(by, await registries.ReadAsync(by.Tenant, cancellationToken), [], cancellationToken);
        var known = await registries.ReadAsync(by.Tenant, cancellationToken);
        var (body, refusal) = await new AgentRegistration(discovery).BodyAsync(by.Tenant, NewRegistrationId(), address, settings, known, cancellationToken);
        if (body is null) return new RegistryResult.Refused(refusal!, []); // one of the two
        var registry = await registries.ReadAsync(by.Tenant, cancellationToken);
        if (registry.Find(RegistryKind.Agent, name, version) is not { } existing) return await WriteAsync(by, registry, [Entry(RegistryKind.Agent, name, version, body, by)], cancellationToken);
        return AgentRegistration.IsSame(existing.As<AgentBody>(), body)
            ? new RegistryResult.Changed(registry.Epoch, [existing])
            : Refuse(409, "The version is registered otherwise", $"'{name}' {version} is registered with another address, card or settings; what differs is another version.");
    }

    /// <summary>Publishes the tenant's policy; it applies from the next fence on.</summary>
    public async Task<RegistryResult> PublishPolicyAsync(Principal by, string yaml, CancellationToken cancellationToken = default)
    {
        var parsed = PolicySet.Parse(yaml);
        if (parsed is PolicyParseResult.Invalid invalid)
            return Refuse(400, "The policy does not parse", string.Join(" ", invalid.Errors.Select(error => error.ToString())));
        var rules = ((PolicyParseResult.Parsed)parsed).Policies.Rules; // the only other case
        foreach (var rule in rules.Where(rule => rule.Approval is not null))
            if (await _approvers.UnknownAsync(by.Tenant, rule.Approval!.Approvers, cancellationToken) is { } unknown) // just seen
                return Refuse(400, "The policy asks approvers who are not known", $"Rule '{rule.Id}' (line {rule.Line}): {unknown}.");
        return await PublishAsync(by, RegistryKind.Policy, PolicyCache.EntryName, new PolicyBody(yaml), cancellationToken);
    }

    /// <summary>Publishes the tenant's quotas and budgets; they apply from the next call on.</summary>
    public async Task<RegistryResult> PublishQuotasAsync(Principal by, string text, CancellationToken cancellationToken = default) => QuotaSet.Parse(text).Error is { } error
        ? Refuse(400, "The quotas do not parse", error)
        : await PublishAsync(by, RegistryKind.Policy, QuotaSet.EntryName, new PolicyBody(text), cancellationToken);

    /// <summary>Publishes a route (YAML or JSON): each of its tools answers now and fits the first one; it leads calls from the next one on.</summary>
    public async Task<RegistryResult> PublishRouteAsync(Principal by, string name, string text, CancellationToken cancellationToken = default)
    {
        if (!VirtualTarget.IsName(name)) return Refuse(400, "The name can't be registered", $"'{Excerpt.Of(name, 80)}' is not 1 to 64 lower-case letters, digits and dashes.");
        var (route, error) = RouteReader.Read(text);
        if (route is null) return Refuse(400, "The route does not parse", error ?? "");
        return RouteCheck.Refuse(route, await registries.ReadAsync(by.Tenant, cancellationToken)) is { } unfit
            ? Refuse(400, "The route leads where it can't", unfit)
            : await PublishAsync(by, RegistryKind.Route, name, route, cancellationToken);
    }

    private async Task<RegistryResult> PublishAsync<T>(Principal by, RegistryKind kind, string name, T body, CancellationToken cancellationToken)
    {
        var registry = await registries.ReadAsync(by.Tenant, cancellationToken);
        var entry = Entry(kind, name, FirstVersion, body, by);
        if (registry.Newest(kind, entry.Name)?.Digest == entry.Digest) return new RegistryResult.Changed(registry.Epoch, []);
        entry = Next(registry, entry);
        return await WriteAsync(by, registry, [.. Replaced(registry, entry, by), entry], cancellationToken);
    }

    /// <summary>
    /// Moves a version through its lifecycle. Acknowledged once no call that passed the fence before is still under way in any process; those that do not end
    /// in time, or go on at their upstreams, are named in <see cref="RegistryResult.Changed.InFlight"/>.
    /// </summary>
    public async Task<RegistryResult> SetLifecycleAsync(
        Principal by, RegistryKind kind, string name, string version, Lifecycle lifecycle, string? successor, string? reason, CancellationToken cancellationToken = default)
    {
        var registry = await registries.ReadAsync(by.Tenant, cancellationToken);
        if (registry.Find(kind, name, version) is not { } entry) return Refuse(404, "No such version", $"There is no {kind.ToString().ToLowerInvariant()} '{name}' {version}.");
        if (lifecycle == Lifecycle.Active && entry is { Lifecycle: Lifecycle.Quarantined, Shown: not null })
            return new RegistryResult.Refused(ContractApproval.Unnamed(name, entry.Shown.Digest), []);
        if (lifecycle == Lifecycle.Draft) return Refuse(400, "No way back to draft", "A version that was published stays published; disable it instead.");
        if (successor is not null && registry.Find(kind, name, successor) is null) return Refuse(404, "No such successor", $"There is no version {successor} of '{name}'.");
        var changed = entry with { Lifecycle = lifecycle, Successor = successor, Reason = reason, ChangedBy = by.Subject, ChangedAt = time.GetUtcNow() };
        var result = await WriteAsync(by, registry, [changed], cancellationToken);
        if (result is not RegistryResult.Changed done || lifecycle == Lifecycle.Active || Writer.IsTrial) return result;
        var left = await fences.DrainAsync(by.Tenant, done.Epoch, kind, name, DrainPatience, cancellationToken);
        return done with { InFlight = left.Calls, Silent = left.Silent };
    }

    /// <summary>
    /// Lifts the quarantine of a tool whose contract changed by naming the contract that shall hold, the registered one or the one shown instead, by its
    /// digest. The server is asked once more: what it shows by now must be just that.
    /// </summary>
    public Task<RegistryResult> ApproveContractAsync(Principal by, string name, string version, string contract, string? reason, CancellationToken cancellationToken = default) =>
        new ContractApproval(registries, Writer, discovery, time).ApproveAsync(by, name, version, contract, reason, cancellationToken);

    private async Task<RegistryEntry?> LatestServerAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        Latest(await registries.ReadAsync(tenant, cancellationToken), RegistryKind.Server, name);

    private Task<RegistryResult> WriteAsync(Principal by, RegistrySnapshot before, IReadOnlyList<RegistryEntry> entries, CancellationToken cancellationToken) =>
        Writer.WriteAsync(by.Subject, before, entries, null, cancellationToken);

    /// <summary>Active tools that the server no longer shows, disabled: nothing answers to them any more.</summary>
    internal static IEnumerable<RegistryEntry> Gone(RegistrySnapshot registry, string server, IReadOnlyList<ToolContract> shown, string by, DateTimeOffset at)
    {
        var names = shown.Select(tool => $"{server}/{tool.Name}").ToHashSet(StringComparer.Ordinal);
        return ActiveTools(registry, server).Where(entry => !names.Contains(entry.Name))
            .Select(entry => entry with { Lifecycle = Lifecycle.Disabled, Reason = "the server no longer offers it", ChangedBy = by, ChangedAt = at });
    }

    internal static IEnumerable<RegistryEntry> ActiveTools(RegistrySnapshot registry, string server) =>
        registry.OfKind(RegistryKind.Tool).Where(entry => entry.Lifecycle == Lifecycle.Active && entry.Name.StartsWith(server + "/", StringComparison.Ordinal));

    /// <summary>Why a schema can't be used, or null: it validates nothing, or has an argument whose name is ours or the protocol's (rule <c>reserved-argument</c>).</summary>
    internal static string? Unusable(JsonValue schema)
    {
        if (schema["properties"] is { IsObject: true } properties && properties.Members.Select(member => member.Key).FirstOrDefault(IsReserved) is { } reserved)
            return $"reserved-argument: its argument '{Excerpt.Of(reserved, 60)}' has a name that is not a tool's to use";
        try
        {
            JsonSchema.Compile(schema, JsonSchemaOptions.Asserting);
            return null;
        }
        catch (JsonSchemaException e)
        {
            return Excerpt.Of($"its input schema can't be used: {e.Message}", 500);
        }
    }

    private static bool IsReserved(string argument) => argument == "_meta" || argument.StartsWith(BuiltinServer.Name, StringComparison.OrdinalIgnoreCase);

    /// <summary>Names as MCP has them, and no two that differ by letter case only: people and models would take one for the other.</summary>
    private static RegistryResult.Refused? BadToolName(IReadOnlyList<ToolContract> tools)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in tools.Select(tool => tool.Name))
        {
            var shown = Excerpt.Of(name, 60);
            if (name.Length > MaxToolName || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'))
                return Refuse(400, "A tool's name can't be registered", $"'{shown}' is not 1 to {MaxToolName} letters, digits, '_', '-' and '.'.");
            if (!seen.Add(name)) return Refuse(400, "A tool's name can't be registered", $"The server shows '{shown}' twice, or another name that differs by letter case only.");
        }
        return null;
    }

    /// <summary>The newest version of an entry's name, whatever its lifecycle.</summary>
    private static RegistryEntry? Latest(RegistrySnapshot registry, RegistryEntry entry) => Latest(registry, entry.Kind, entry.Name);

    private static RegistryEntry? Latest(RegistrySnapshot registry, RegistryKind kind, string name) =>
        registry.OfKind(kind).Where(other => other.Name == name).MaxBy(other => SemanticVersion.TryParse(other.Version));

    private static string? OwnerOf(RegistrySnapshot registry, string workflow) =>
        registry.OfKind(RegistryKind.Workflow).Where(entry => entry.Name == workflow).MinBy(entry => SemanticVersion.TryParse(entry.Version))?.As<WorkflowBody>().Owner;

    /// <summary>The entry under the version after the newest of its name, if that name is taken.</summary>
    internal static RegistryEntry Next(RegistrySnapshot registry, RegistryEntry entry)
    {
        return Latest(registry, entry) is { } latest && SemanticVersion.TryParse(latest.Version) is { } newest
            ? entry with { Version = new SemanticVersion(newest.Major + 1, 0, 0).ToString() }
            : entry;
    }

    /// <summary>The active versions that a new one takes the place of. One that waits for somebody's word takes no calls, and nor do they: the server shows them no more.</summary>
    private IEnumerable<RegistryEntry> Replaced(RegistrySnapshot registry, RegistryEntry next, Principal by) => registry.OfKind(next.Kind)
        .Where(entry => entry.Name == next.Name && entry.Lifecycle == Lifecycle.Active)
        .Select(entry => next.Lifecycle == Lifecycle.Active
            ? entry with { Lifecycle = Lifecycle.Deprecated, Successor = next.Version, ChangedBy = by.Subject, ChangedAt = time.GetUtcNow() }
            : entry with { Lifecycle = Lifecycle.Quarantined, Reason = $"its version {next.Version}, which the server shows now, is quarantined", ChangedBy = by.Subject, ChangedAt = time.GetUtcNow() });

    private RegistryEntry Entry<T>(RegistryKind kind, string name, string version, T body, Principal by) =>
        RegistryEntry.Create(kind, name, version, Lifecycle.Active, body, by.Subject, time.GetUtcNow());

    private static string NewRegistrationId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Lower case only, so that no two names differ by letter case; no double underscore, so that <c>server__tool</c> splits one way; not our own name, with which our tools at <c>/mcp</c> begin.</summary>
    private static bool IsName(string name) =>
        name != BuiltinServer.Name && name.Length is >= 1 and <= 48 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-') && name[0] != '-' && name[^1] != '-';

    private static RegistryResult.Refused BadName(string name) =>
        Refuse(400, "The name can't be registered", $"'{(name.Length > 60 ? name[..60] : name)}' is not 1 to 48 lower-case letters, digits and inner dashes, or is '{BuiltinServer.Name}', which is reserved.");

    private static RegistryResult.Refused Invalid(string title, IReadOnlyList<Finding> findings) =>
        new(new Problem(ProblemTypes.Validation, 400, title, string.Join(" ", findings.Where(finding => finding.Severity == Severity.Error).Take(3))), findings);

    private static RegistryResult.Refused Refuse(int status, string title, string detail) => RegistryResult.Refuse(status, title, detail);
}
