package org.tweedie.sde;

/**
 * The reverse processes that have the marginals of the reverse-time SDE and more or less noise, by Euler and Maruyama:
 * dx = (-f x + (1 - lambda/2) g^2 score) h + sqrt(1 - lambda) g dW. lambda = 0 is {@code em}, 1 is {@code pf}; below 0 there is more noise
 * than the forward process has, which forgets errors sooner and asks for smaller steps.
 *
 * <p>Huang, Lim, Courville, NeurIPS 2021, arXiv 2106.02808; Zhang and Chen, arXiv 2204.13902, write 1 - lambda as the square of theirs.
 * Order 1. Immutable.
 *
 * @param lambda at most 1
 */
public record MarginalFamily(double lambda) implements OneStep {
    public MarginalFamily {
        if (!(lambda <= 1 && lambda > Double.NEGATIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "lambda must be at most 1, got " + lambda + "; 0 is the reverse SDE, 1 the probability flow");
        }
    }

    @Override
    public Update update(Sde sde, double t, double s) {
        double h = t - s;
        double g = sde.diffusion(t);
        double noise = stochastic() ? g * StrictMath.sqrt((1 - lambda) * h) : 0;
        return new Update(1 - sde.drift(t) * h, (1 - lambda / 2) * g * g * h, noise);
    }

    @Override
    public boolean stochastic() {
        return lambda < 1;
    }

    @Override
    public String spec() {
        return "lambda:" + Spelling.number(lambda);
    }
}
