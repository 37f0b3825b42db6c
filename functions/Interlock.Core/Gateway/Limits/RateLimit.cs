using Interlock.Core.Registry;

namespace Interlock.Core.Gateway.Limits;

/// <summary>
/// How many calls: in every span of time at most <see cref="Burst"/> plus <see cref="PerSecond"/> times its length, over all instances together.
/// 0.001 to 10,000 a second; a burst of at least 2 and of six seconds' calls, at most 1,000,000.
/// </summary>
public sealed record RateLimit(double PerSecond, int Burst)
{
    private const int MaxBurst = 1_000_000;
    private const double Slowest = 0.001;
    private const double Fastest = 10_000;

    /// <summary>What an operator gave a tool, within the ranges: a burst is at least that of six seconds.</summary>
    public static RateLimit Of(CallRate rate)
    {
        var perSecond = Math.Clamp(rate.PerSecond, Slowest, Fastest);
        return new RateLimit(perSecond, Math.Clamp(rate.Burst, Least(perSecond), MaxBurst));
    }

    internal void Validate(string name)
    {
        if (!(PerSecond >= Slowest && PerSecond <= Fastest)) throw new ArgumentException("0.001 to 10,000 calls a second.", name);
        if (Burst < Least(PerSecond) || Burst > MaxBurst) throw new ArgumentException($"At {PerSecond} a second the burst is {Least(PerSecond)} to {MaxBurst:N0}.", name);
    }

    private static int Least(double perSecond) => (int)Math.Max(2, Math.Ceiling(perSecond * 2 * TokenBucket.Hold.TotalSeconds));
}
