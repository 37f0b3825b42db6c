namespace Interlock.Core.Gateway.Callbacks;

/// <summary>
/// The call of an agent elsewhere under which that agent calls back: what it calls is made only while that call is pending, and counts against the limits of its
/// registration, for the frame as a whole however often the agent is called there. Without a version the agent is none of the registry's.
/// </summary>
public sealed record AgentCall(EffectId Effect, FrameId Frame, string Agent, string? Version);
