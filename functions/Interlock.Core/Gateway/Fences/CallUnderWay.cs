using Interlock.Core.Registry;

namespace Interlock.Core.Gateway.Fences;

/// <summary>A call that passed the fence and has not ended, with what a lifecycle change needs to know of it.</summary>
internal sealed record CallUnderWay(EffectId Effect, TargetKind Kind, string Target, string? Via)
{
    /// <summary>Of a call of an agent that is a tool: that tool.</summary>
    public string? Tool { get; init; }

    public static CallUnderWay Of(GatewayCall call) => new(call.Effect, call.Kind, call.Target, call.Via) { Tool = call.Tool };

    /// <summary>Whether it is of that tool, agent or route, or of any tool of that server.</summary>
    public bool Concerns(RegistryKind kind, string name) => kind switch
    {
        RegistryKind.Tool => Called == name,
        RegistryKind.Server => Called?.StartsWith(name + "/", StringComparison.Ordinal) == true,
        RegistryKind.Agent => Kind == TargetKind.Agent && Target == name,
        RegistryKind.Route => Via is { } via && VirtualTarget.TryParse(via)?.Name == name,
        _ => false, // workflows and policies are not called
    };

    /// <summary>The tool that it reaches, by whatever name.</summary>
    private string? Called => Kind == TargetKind.Tool ? Target : Tool;
}
